"""One writer by lease and fencing token: who may write, for how long, and what a replaced writer can still do. R12."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from builders_ledger import OPEN, halted, some_events
from firestore_faults import RivaledDocuments
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.firestore import Documents, FirestoreStorage
from gammacore.adapters.firestore.lease import Heartbeat
from gammacore.errors import InvalidInput, StorageError, WriteConflict

Open = Callable[..., FirestoreStorage]
PLACE = "gammacore_ledgers/paper"


@pytest.fixture
def opened(documents: Documents, clock: FakeClock) -> Iterator[Open]:
    """Opens the ledger for a holder at some seconds after the start; closes what was opened."""
    with ExitStack() as stack:

        def open_for(holder: str, clock: FakeClock = clock) -> FirestoreStorage:
            return stack.enter_context(closing(FirestoreStorage(documents, "paper", clock=clock, holder=holder)))

        yield open_for


def after(seconds: float) -> FakeClock:
    """The clock of another machine, so many seconds after the first lease was taken."""
    clock = FakeClock(OPEN)
    clock.advance(seconds)
    return clock


def lease(documents: Documents) -> dict[str, object]:
    document = documents.get(f"{PLACE}/lease/writer")
    assert document is not None
    return dict(document.fields)


@contextmanager
def a_process(*role: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process in one of the roles of `firestore_processes`; killed at the end if it still lives."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "firestore_processes", *role]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    """The next line a process prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def start(processes: list[subprocess.Popen[str]]) -> None:
    """Let all of them go at once, when the last one is ready."""
    for process in processes:
        assert said(process) == "ready"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def test_of_eight_processes_one_may_write_and_the_others_are_shown_who(documents: Documents, project: str) -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(a_process("enter", project)) for _ in range(8)]
        start(processes)
        answers = {process.pid: said(process) for process in processes}

    (writer,) = [pid for pid, answer in answers.items() if answer == "open"]
    refusals = [answer for pid, answer in answers.items() if pid != writer]
    assert all(f"process {writer} is writing to it" in refusal for refusal in refusals)
    assert lease(documents)["token"] == 1


def test_eight_processes_racing_to_append_leave_one_gapless_ledger(
    documents: Documents, project: str, opened: Open
) -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(a_process("race", project, f"racer {number}")) for number in range(8)]
        start(processes)
        ends = [process.communicate()[0].split("\n")[:-1] for process in processes]

    assert all(lines[-1] == "done" for lines in ends)
    reported = [line for lines in ends for line in lines[:-1]]
    written = sorted(int(line.removeprefix("wrote ")) for line in reported if line.startswith("wrote "))
    assert {line for line in reported if not line.startswith("wrote ")} <= {"lost", "not let in"}
    assert "lost" in reported
    assert written == list(range(2, 2 * len(written) + 1, 2))
    head = documents.get(PLACE)
    assert head is not None
    assert head.fields["version"] == written[-1]
    with closing(
        FirestoreStorage(documents, "paper", clock=FakeClock(OPEN), holder="reader", read_only=True)
    ) as reader:
        assert list(reader.events()) == [halted(0), halted(1)] * len(written)


def test_a_second_process_is_refused_and_shown_who_writes_and_until_when(project: str, opened: Open) -> None:
    with a_process("hold", project) as holder:
        assert said(holder) == "open"

        with pytest.raises(WriteConflict, match=rf"process {holder.pid} is writing to it and may until 13:30:30 UTC"):
            opened("second")


def test_a_killed_writer_keeps_others_out_for_30_seconds_and_loses_nothing(project: str, opened: Open) -> None:
    with a_process("hold", project) as holder:
        assert said(holder) == "open"
        holder.send_signal(signal.SIGKILL)
        holder.wait()

    with pytest.raises(WriteConflict, match=f"process {holder.pid}"):
        opened("second", after(29.999))

    second = opened("second", after(30))
    assert second.append([halted(2)], 1) == 2
    assert list(second.events()) == some_events(2)


def test_a_replaced_writer_writes_nothing_more_and_is_shown_who_replaced_it(opened: Open) -> None:
    first = opened("first")
    first.append(some_events(1), 0)
    second = opened("second", after(30))

    for _ in range(2):
        with pytest.raises(WriteConflict, match="second is writing to it"):
            first.append([halted(9)], 1)

    assert second.append([halted(2)], 1) == 2
    assert list(second.events()) == some_events(2)
    with pytest.raises(WriteConflict):
        first.append([halted(9)], 2)


def test_a_replaced_writer_does_not_take_the_same_events_of_its_successor_for_its_own(opened: Open) -> None:
    first = opened("first")
    second = opened("second", after(30))
    second.append(some_events(2), 0)

    with pytest.raises(WriteConflict, match="second is writing"):
        first.append(some_events(2), 0)


def test_a_replaced_writer_whose_lease_looks_fresh_to_itself_is_fenced_by_the_token(
    opened: Open, documents: Documents
) -> None:
    """Its clock stands still, as on a machine that was suspended: it has no reason to renew first."""
    first = opened("first")
    opened("second", after(3600)).close()

    with pytest.raises(WriteConflict, match="came and went"):
        first.append([halted(9)], 0)

    assert documents.get(f"{PLACE}/events/000000000001") is None


def test_a_replaced_writer_gives_nothing_back_when_it_closes(opened: Open) -> None:
    first = opened("first")
    second = opened("second", after(30))

    first.close()

    assert second.append(some_events(1), 0) == 1
    with pytest.raises(WriteConflict, match="second is writing"):
        opened("third", after(31))


@pytest.mark.parametrize(("seconds", "renewed"), [(0, False), (10, False), (10.001, True), (300, True)])
def test_an_append_renews_a_lease_older_than_10_seconds(
    opened: Open, documents: Documents, clock: FakeClock, seconds: float, renewed: bool
) -> None:
    """At 300 s the lease ran out long ago, but nobody took it."""
    storage = opened("first")
    before = lease(documents)
    clock.advance(seconds)

    assert storage.append(some_events(1), 0) == 1

    assert (lease(documents) != before) is renewed


def test_a_writer_that_renews_stays_the_writer(opened: Open, clock: FakeClock) -> None:
    first = opened("first")
    clock.advance(25)
    first.renew()

    with pytest.raises(WriteConflict, match="first is writing"):
        opened("second", after(54.999))


def test_every_event_bears_the_token_of_its_writer(opened: Open, documents: Documents) -> None:
    opened("first").append(some_events(1), 0)
    opened("second", after(30)).append([halted(2)], 1)

    tokens = [d.fields["token"] for d in documents.numbered(f"{PLACE}/events", "seq", 0, None, 10)]
    assert tokens == [1, 2]


def test_a_writer_without_a_name_is_refused(opened: Open) -> None:
    with pytest.raises(InvalidInput, match="holder"):
        opened("")


def test_a_reader_follows_a_living_writer_and_never_writes(opened: Open, documents: Documents) -> None:
    writer = opened("writer")
    reader = FirestoreStorage(documents, "paper", clock=FakeClock(OPEN), holder="reader", read_only=True)
    writer.append(some_events(2), 0)

    assert reader.version == 2
    assert list(reader.events(1)) == [halted(2)]
    with pytest.raises(StorageError, match="open for reading; nothing was written"):
        reader.append([halted(3)], 2)


def test_a_reader_that_opens_while_an_event_is_written_sees_no_corruption(opened: Open, documents: Documents) -> None:
    writer = opened("writer")
    writer.append(some_events(1), 0)
    slow = RivaledDocuments(documents.client, documents.patience, before_page=[lambda: writer.append([halted(2)], 1)])

    reader = FirestoreStorage(slow, "paper", clock=FakeClock(OPEN), holder="reader", read_only=True)

    assert list(reader.events()) == some_events(2)


@pytest.mark.parametrize(("gets", "pages", "commits"), [(1, 0, 0), (2, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_a_ledger_begun_by_another_while_we_open_it_is_theirs_not_corrupt(
    opened: Open, documents: Documents, gets: int, pages: int, commits: int
) -> None:
    def begin() -> None:
        opened("rival").append(some_events(1), 0)

    def at(number: int) -> list[Callable[[], object]]:
        return [*[lambda: None] * (number - 1), begin] if number else []

    slow = RivaledDocuments(documents.client, documents.patience, at(gets), at(pages), at(commits))

    with pytest.raises(WriteConflict, match="rival is writing to it"):
        FirestoreStorage(slow, "paper", clock=FakeClock(OPEN), holder="first")


def test_a_reader_makes_no_ledger(documents: Documents) -> None:
    with pytest.raises(StorageError, match="there is no ledger at gammacore_ledgers/paper"):
        FirestoreStorage(documents, "paper", clock=FakeClock(OPEN), holder="reader", read_only=True)
    assert documents.get(PLACE) is None


def test_a_heart_beats_on_after_a_beat_that_failed_until_it_is_stopped() -> None:
    beats = 0
    twice = threading.Event()

    def beat() -> None:
        nonlocal beats
        beats += 1
        if beats == 1:
            raise StorageError("nobody answers")
        twice.set()

    heart = Heartbeat(beat, seconds=0.001)

    assert twice.wait(10)
    heart.stop()
