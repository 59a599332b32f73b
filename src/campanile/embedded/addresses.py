"""`run/services.json`: the settings that follow from what was started."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from campanile.config import Settings, settings
from campanile.readiness import write_whole


class Addresses:
    """Settings that the environment does not already give; it wins over them anyway."""

    def __init__(self, file: Path, facts: Mapping[str, Any]):
        self._file = file
        self._facts = dict(facts)
        self.forget()  # what a killed predecessor left would be believed

    def lack(self, *names: str) -> bool:
        """Whether one of these settings is known neither here nor to the environment."""
        return any(
            name not in self._facts and f"CAMPANILE_{name.upper()}" not in os.environ
            for name in names
        )

    def know(self, **facts: Any) -> None:
        """Take in what is a setting and was not decided before; `api_port` may change."""
        for name, value in facts.items():
            if name in Settings.model_fields and (
                self.lack(name) or name == "api_port"
            ):
                self._facts[name] = value

    def write(self) -> None:
        write_whole(self._file, json.dumps(self._facts, indent=2) + "\n")
        settings.cache_clear()

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)
        settings.cache_clear()
