"""Every test of this folder runs in virtual time."""

from collections.abc import Callable
from typing import Any

from support.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories(
    config: Any, item: Any
) -> dict[str, Callable[[], VirtualTimeLoop]]:
    return {"virtual": VirtualTimeLoop}
