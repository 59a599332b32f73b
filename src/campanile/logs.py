"""Structured logs: `noun.event` with ids as fields, one JSON object per line.

Phone numbers and transcripts never stand in a log line (REVIEW rule of the house):
`redact` shortens a number to its last two digits for the few places that need one.
"""

import logging
import sys
from pathlib import Path

import structlog


def configure(*, file: Path | None = None, level: int = logging.INFO) -> None:
    """Send every log line, ours and libraries', to `file` or standard error as JSON."""
    handler: logging.Handler
    if file is None:
        handler = logging.StreamHandler(sys.stderr)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(file, encoding="utf-8")
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for chatty in (
        "httpx",
        "httpcore",
        "websockets",
        "apscheduler",
        "aioice",
        "aiortc",
    ):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def redact(number: str) -> str:
    """`+12125550123` -> `…23`: enough to tell two log lines apart, no more."""
    return f"…{number[-2:]}"
