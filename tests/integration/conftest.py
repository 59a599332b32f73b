"""Fixtures that several of these tests share."""

from support.call_worker import surroundings

__all__ = ["surroundings"]
