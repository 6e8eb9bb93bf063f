"""The storage and inbox contracts, held by Firestore against a running server. R13."""

from __future__ import annotations

from functools import partial

import pytest

from contracts import inbox_contract, storage_contract
from contracts.inbox_contract import InboxContract
from contracts.storage_contract import DurableStorageContract
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.firestore import Documents, FirestoreInbox, FirestoreStorage


class TestFirestoreStorage(DurableStorageContract):
    @pytest.fixture
    def reopen(self, documents: Documents, clock: FakeClock) -> storage_contract.Reopen:
        return partial(FirestoreStorage, documents, "paper", clock=clock, holder="the tests")


class TestFirestoreInbox(InboxContract):
    @pytest.fixture
    def reopen(self, documents: Documents) -> inbox_contract.Reopen:
        return partial(FirestoreInbox, documents, "paper")
