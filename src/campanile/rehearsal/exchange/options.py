"""What can be chosen about a simulated phone network."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeOptions:
    data_dir: Path
    """`rehearsal/` in here receives the logs and the voice cache."""
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one; `ready` tells which."""
    media_address: str = "127.0.0.1"
    """Where ICE listens; empty means every interface but loopback."""
    voice_cache: Path | None = None
    """Where spoken sentences are kept; by default `rehearsal/voices` in the data folder."""
    callees: Path | None = None
    """A folder of callee files beside the built-in ones; its numbers win."""
    seed: int = 0
    mute: bool = False
    """Callees say nothing: what the dialer then concludes is its own invention."""
    pace_seconds: float = 0.0
    """So often the frames of every answered leg so far are noted in `pace.ndjson`;
    0 means never. For benchmarks, which look at a part of a call."""
    session_seconds: float = 10.0
    signalling_only: bool = False
    """Far ends ring, refuse, answer and hang up in seconds, and never make a sound."""
    manners: Path | None = None
    """How often they do which (manners.py); only where they only signal."""
