"""Fixtures that several of these tests share."""

from support.backups import put_back
from support.call_worker import surroundings
from support.ledgers import ledger, ledger_path

__all__ = ["ledger", "ledger_path", "put_back", "surroundings"]
