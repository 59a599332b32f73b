"""Settings, read once from the environment (prefix `CAMPANILE_`).

Where a private PostgreSQL, Redis, gateway or provider server was started by
`campanile up`, its addresses stand in `<data folder>/run/services.json`; the
environment wins over that file, so that anyone can put a server of their own between.
"""

import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

JANUS_REAP_MARGIN_SECONDS = 4.1
"""Janus was seen to reap an idle session up to this long after its setting."""
SWEEP_SECONDS = 5.0
"""How often the scheduler closes what expired; a pause of half a lease is a gap to it."""


class Settings(BaseSettings):
    """Every setting of every process; units stand in the name or the comment."""

    model_config = SettingsConfigDict(env_prefix="CAMPANILE_", extra="ignore")

    data_dir: Path = Path("var/campanile")
    # One file for all hosts: a shared path where there are several.
    ledger_path: Path = Field(
        default_factory=lambda known: known["data_dir"] / "ledger" / "dials.ndjson"
    )
    database_url: str = ""
    redis_url: str = ""

    gateway_url: str = ""  # the Janus WebSocket API, ws:// or wss://
    media_address: str = ""  # where ICE listens; empty: every interface but loopback
    deepgram_url: str = "wss://api.deepgram.com"
    deepgram_api_key: str = ""
    openai_url: str = "https://api.openai.com/v1"
    openai_api_key: str = ""
    elevenlabs_url: str = "https://api.elevenlabs.io"
    elevenlabs_api_key: str = ""
    xai_url: str = "https://api.x.ai/v1"
    xai_api_key: str = ""
    resend_url: str = "https://api.resend.com"
    resend_api_key: str = ""

    egress_allow: str = ""  # host:port or CIDR, by comma: private targets of webhooks

    clock_offset: float = 0.0  # seconds; refused unless the gateway is the rehearsal

    api_host: str = "127.0.0.1"
    api_port: int = 8000

    worker_slots: int = Field(default=40, ge=1, le=400)  # calls one worker holds
    provider_slots: int = Field(default=100, ge=1)  # conversations the providers allow
    lag_limit_seconds: float = 0.010  # a later loop (p99) takes no new calls
    tick_seconds: float = 0.25

    # The order of these is checked below; DESIGN.md 4 says why each is what it is.
    renew_seconds: float = 5.0
    gateway_session_seconds: float = 10.0
    lease_seconds: float = 30.0
    self_hangup_seconds: float = 45.0
    orphan_report_seconds: float = 60.0
    quarantine_seconds: float = 90.0

    @model_validator(mode="after")
    def _times_keep_their_order(self) -> Self:
        steps = [
            ("renew_seconds", self.renew_seconds),
            ("gateway_session_seconds", self.gateway_session_seconds),
            (
                "lease_seconds - session reaping margin",
                self.lease_seconds - JANUS_REAP_MARGIN_SECONDS,
            ),
            ("self_hangup_seconds", self.self_hangup_seconds),
            ("orphan_report_seconds", self.orphan_report_seconds),
            ("quarantine_seconds", self.quarantine_seconds),
        ]
        for (earlier, low), (later, high) in pairwise(steps):
            if not low < high:
                raise ValueError(
                    f"{earlier} ({low}) must be less than {later} ({high})"
                )
        if self.lease_seconds <= 2 * SWEEP_SECONDS:
            raise ValueError(
                f"lease_seconds ({self.lease_seconds}) must be more than twice the"
                f" sweep's {SWEEP_SECONDS} s, or no sweep would ever dare to close a call"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, env_settings, _RunningServices(settings_cls))

    @property
    def run_dir(self) -> Path:
        return self.data_dir / "run"

    @property
    def logs_dir(self) -> Path:
        return self.data_dir / "logs"

    @property
    def recordings_dir(self) -> Path:
        return self.data_dir / "recordings"


class _RunningServices(PydanticBaseSettingsSource):
    """What `campanile up` wrote down of the servers it started."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        raise NotImplementedError  # pydantic asks for it; __call__ answers at once

    def __call__(self) -> dict[str, Any]:
        folder = (
            self.current_state.get("data_dir")
            or Settings.model_fields["data_dir"].get_default()
        )
        file = Path(folder) / "run" / "services.json"
        try:
            values: dict[str, Any] = json.loads(file.read_text())
        except FileNotFoundError:
            return {}
        return values


@cache
def settings() -> Settings:
    """The settings of this process; `settings.cache_clear()` makes tests read again."""
    return Settings()
