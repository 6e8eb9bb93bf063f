"""A running Firestore server for the tests here, and a project of its own for each of them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from builders_ledger import OPEN
from firestore_processes import CALM
from firestore_server import FirestoreServer, skip_without_server
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.firestore import Documents, Patience, connect

HOST = "FIRESTORE_EMULATOR_HOST"
HURRY = Patience(call_seconds=0.5, attempts=2, first_wait_seconds=0.01, longest_wait_seconds=0.01)


@pytest.fixture(scope="session")
def firestore_address() -> Iterator[str]:
    """The server all tests share: the one that FIRESTORE_EMULATOR_HOST names, else one of our own."""
    if given := os.environ.get(HOST):
        yield given
        return
    skip_without_server()
    server = FirestoreServer()
    yield server.address
    server.kill()


@pytest.fixture
def own_server() -> Iterator[FirestoreServer]:
    """A server of the test's own, to be frozen, killed and started again."""
    skip_without_server()
    server = FirestoreServer()
    yield server
    server.thaw()
    server.kill()


@pytest.fixture
def project() -> str:
    """A project nobody else uses, so that tests cannot meet."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def documents(firestore_address: str, project: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Documents]:
    """The empty project on the shared server."""
    monkeypatch.setenv(HOST, firestore_address)
    documents = connect(project, CALM)
    yield documents
    documents.close()


@pytest.fixture
def fresh_projects(firestore_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Iterator[Documents]]:
    """As many empty projects on the shared server as a test asks for."""
    monkeypatch.setenv(HOST, firestore_address)
    opened: list[Documents] = []

    def projects() -> Iterator[Documents]:
        while True:
            opened.append(connect(f"test-{uuid.uuid4().hex[:12]}", CALM))
            yield opened[-1]

    yield projects()
    for documents in opened:
        documents.close()


@pytest.fixture
def own_documents(own_server: FirestoreServer, project: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Documents]:
    """The empty project on the test's own server, with little patience."""
    monkeypatch.setenv(HOST, own_server.address)
    documents = connect(project, HURRY)
    yield documents
    documents.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(OPEN)
