"""The storage and inbox contracts, held by memory and by SQLite. R13."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from contracts import inbox_contract, storage_contract
from contracts.inbox_contract import InboxContract
from contracts.storage_contract import DurableStorageContract, StorageContract
from gammacore.adapters.fake.in_memory import MemoryInbox, MemoryLedger, MemoryStorage
from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.adapters.sqlite.storage import SqliteStorage


class TestMemoryStorage(StorageContract):
    @pytest.fixture
    def reopen(self) -> storage_contract.Reopen:
        return partial(MemoryStorage, MemoryLedger())


class TestSqliteStorage(DurableStorageContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> storage_contract.Reopen:
        return partial(SqliteStorage, tmp_path / "paper.ledger")


class TestGroupedSqliteStorage(DurableStorageContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> storage_contract.Reopen:
        return partial(SqliteStorage, tmp_path / "replay.ledger", grouped=True)


class TestMemoryInbox(InboxContract):
    @pytest.fixture
    def reopen(self) -> inbox_contract.Reopen:
        return partial(MemoryInbox, [])


class TestSqliteInbox(InboxContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> inbox_contract.Reopen:
        return partial(SqliteInbox, tmp_path / "paper.ledger")
