"""What every endpoint works with: scripts, engines, keys, delays and the log."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from campanile.rehearsal.legs import NdjsonLog
from campanile.rehearsal.voices import Voices

from .keys import Keys
from .options import Delays
from .recognizer import Recognizer
from .scripts import Script


@dataclass(frozen=True, slots=True)
class Service:
    scripts: Sequence[Script]
    voices: Voices
    recognizer: Recognizer
    keys: Keys
    delays: Delays
    log: NdjsonLog

    def note(self, service: str, began: float, **facts: Any) -> None:
        """One line of `providers.ndjson`; `began` by `time.monotonic`."""
        took = round((time.monotonic() - began) * 1000, 1)
        self.log.write({"t": time.time(), "service": service, "ms": took, **facts})
