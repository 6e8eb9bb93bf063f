"""The kill file and several inboxes as one. R10."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from contracts.inbox_contract import InboxContract, Reopen
from gammacore.adapters.composite_inbox import CompositeInbox
from gammacore.adapters.fake.in_memory import MemoryInbox
from gammacore.adapters.kill_file import KillFile
from gammacore.errors import StorageError
from gammacore.ports.storage import Request, RequestKind

NOW = dt.datetime(2026, 3, 4, 15, tzinfo=dt.UTC)
HALT = Request(RequestKind.HALT, NOW, "quotes look wrong")


@pytest.fixture
def kill(tmp_path: Path) -> KillFile:
    return KillFile.beside(tmp_path / "day.sqlite")


def test_no_file_asks_for_nothing(kill: KillFile) -> None:
    assert (kill.pending(), kill.stands()) == ((), False)


def test_a_file_asks_to_flatten_until_it_is_obeyed(kill: KillFile) -> None:
    kill.path.touch()
    (request,) = kill.pending()
    assert (request.kind, request.reason) == (RequestKind.FLATTEN, "kill file day.sqlite.halt")
    assert kill.pending() == (request,)

    kill.done(request)

    assert (kill.pending(), kill.stands()) == ((), True)


def test_a_restart_finds_it_again(kill: KillFile) -> None:
    kill.path.touch()
    kill.done(kill.pending()[0])

    assert len(KillFile(kill.path).pending()) == 1


def test_made_anew_it_is_a_new_request(kill: KillFile) -> None:
    kill.path.touch()
    kill.done(kill.pending()[0])
    kill.path.unlink()
    assert kill.pending() == ()
    kill.path.touch()

    assert len(kill.pending()) == 1


def test_what_was_asked_elsewhere_does_not_settle_it(kill: KillFile) -> None:
    kill.path.touch()
    kill.done(HALT)

    assert len(kill.pending()) == 1


def test_it_can_be_made_by_post_and_knows_one_request(kill: KillFile) -> None:
    kill.post(Request(RequestKind.FLATTEN, NOW, "going home"))

    assert kill.stands()
    with pytest.raises(StorageError, match="never to halt"):
        kill.post(HALT)


def test_what_cannot_be_seen_is_not_taken_for_absent(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    os.symlink(loop, loop)

    with pytest.raises(StorageError, match="cannot be seen"):
        KillFile(loop).pending()


def test_a_folder_that_is_none_holds_no_kill_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below = KillFile(tmp_path / "file" / "x.halt")

    assert below.pending() == ()
    with pytest.raises(StorageError, match="make its folder exist"):
        below.post(Request(RequestKind.FLATTEN, NOW, "going home"))


class TestSeveralInboxes(InboxContract):
    @pytest.fixture
    def reopen(self) -> Reopen:
        first: list[Request] = []
        return lambda: CompositeInbox(MemoryInbox(first), MemoryInbox())


def test_every_inbox_is_read_and_settled(kill: KillFile) -> None:
    first, second = MemoryInbox(), MemoryInbox()
    inbox = CompositeInbox(first, second, kill)
    second.post(HALT)
    kill.path.touch()
    inbox.post(Request(RequestKind.RESUME, NOW, "all is well"))

    assert [request.kind for request in inbox.pending()] == ["resume", "halt", "flatten"]
    for request in inbox.pending():
        inbox.done(request)
    assert (inbox.pending(), first.pending(), second.pending()) == ((), (), ())
