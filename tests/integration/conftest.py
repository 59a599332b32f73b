"""Fixtures that several of these tests share."""

from support.backups import put_back
from support.call_worker import surroundings

__all__ = ["put_back", "surroundings"]
