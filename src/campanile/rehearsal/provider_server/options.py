"""How the provider server is started."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds by which each service answers later than it could."""

    stt: float = 0.0
    llm: float = 0.0
    tts: float = 0.0


@dataclass(frozen=True, slots=True)
class ProviderServerOptions:
    data_dir: Path
    """`rehearsal/providers.ndjson` and the cache of voices are kept below it."""
    port: int = 0
    """0 takes a free one."""
    host: str = "127.0.0.1"
    scripts: Path | None = None
    """A folder of dialogue scripts that are tried before our own."""
    require_key: bool = False
    """Refuse requests that bring no key, as the vendors do.

    Off by default: an adapter without a key sends none to a server of one's own. A key
    that is sent must be well-formed in any case.
    """
    delays: Delays = field(default_factory=Delays)
    decoders: int = 2
    """Processes that recognise speech; each works on one utterance at a time."""
