"""Firestore out of reach: every call ends in time, nothing is written twice, nothing is taken for empty. R6."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from builders_ledger import at, halted, some_events
from firestore_faults import Fate, Network, UnreliableDocuments
from firestore_server import FirestoreServer
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.firestore import Documents, FirestoreInbox, FirestoreStorage, Outages, StoreUnreachable
from gammacore.adapters.firestore.faults import Outrun
from gammacore.errors import CorruptLedger, StorageError, WriteConflict
from gammacore.ports.storage import Request, RequestKind

HALT = Request(RequestKind.HALT, at(1), "quotes look wrong")
RESUME = Request(RequestKind.RESUME, at(2), "looked into it")
BOUND_SECONDS = 10
"""Far more than the time-outs of these tests add up to, far less than Google's own 60 s."""


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def unreliable(documents: Documents, network: Network) -> Documents:
    """The shared server's documents, behind a network that fails on request."""
    return UnreliableDocuments(documents.client, documents.patience, network)


@pytest.fixture
def storage(unreliable: Documents, clock: FakeClock) -> Iterator[FirestoreStorage]:
    """A ledger with one event, behind a network that fails on request."""
    with closing(FirestoreStorage(unreliable, "paper", clock=clock, holder="first")) as storage:
        storage.append(some_events(1), 0)
        yield storage


class ClockOfAnOutage(FakeClock):
    """The network is back once somebody has waited until then."""

    def __init__(self, now: dt.datetime, network: Network, until: dt.datetime) -> None:
        super().__init__(now)
        self._network, self._until = network, until

    def wait_until(self, instant: dt.datetime) -> None:
        super().wait_until(instant)
        if self.now() >= self._until:
            self._network.reads_fail = False
            self._network.fates.clear()


@pytest.fixture
def outages(network: Network, clock: FakeClock) -> Outages:
    """A loop's patience of a minute, in an outage of half a minute."""
    return Outages(ClockOfAnOutage(clock.now(), network, clock.now() + dt.timedelta(seconds=30)), 60)


@pytest.fixture
def own_storage(own_documents: Documents, clock: FakeClock) -> Iterator[FirestoreStorage]:
    """A ledger with one event on a server that can be frozen and killed."""
    with closing(FirestoreStorage(own_documents, "paper", clock=clock, holder="first")) as storage:
        storage.append(some_events(1), 0)
        yield storage


@pytest.mark.parametrize("fate", Fate)
def test_an_append_without_an_answer_is_looked_up_and_written_once(
    storage: FirestoreStorage, network: Network, fate: Fate
) -> None:
    network.fates.append(fate)

    assert storage.append([halted(2), halted(3)], 1) == 3

    assert list(storage.events()) == some_events(3)
    assert storage.append([halted(4)], 3) == 4


def test_an_append_that_arrives_after_it_was_given_up_is_refused(
    storage: FirestoreStorage, network: Network, documents: Documents
) -> None:
    network.fates.append(Fate.LATE)
    storage.append([halted(2)], 1)

    with pytest.raises(Outrun):
        network.deliver(documents)

    assert list(storage.events()) == some_events(2)


def test_an_append_that_arrives_while_it_is_looked_for_is_found(storage: FirestoreStorage, network: Network) -> None:
    """It is not there when we look, and there before we can bar it."""
    network.fates.append(Fate.LATE)
    network.reads_until_delivery = 2

    assert storage.append([halted(2)], 1) == 2

    assert list(storage.events()) == some_events(2)
    assert storage.append([halted(3)], 2) == 3


@pytest.mark.parametrize("fate", Fate)
def test_the_same_events_appended_again_after_an_outage_are_written_once(
    storage: FirestoreStorage, network: Network, fate: Fate
) -> None:
    network.fates.append(fate)
    network.reads_fail = True
    for _ in range(2):
        with pytest.raises(StoreUnreachable, match="not known whether events 2 to 2 were written"):
            storage.append([halted(2)], 1)
    network.reads_fail = False

    assert storage.append([halted(2)], 1) == 2

    assert list(storage.events()) == some_events(2)
    assert storage.append([halted(3)], 2) == 3


def test_other_events_after_an_outage_do_not_take_the_place_of_events_that_were_written(
    storage: FirestoreStorage, network: Network
) -> None:
    network.fates.append(Fate.ANSWER_LOST)
    network.reads_fail = True
    with pytest.raises(StoreUnreachable):
        storage.append([halted(2)], 1)
    network.reads_fail = False

    with pytest.raises(WriteConflict, match="1 events were expected and 2 are there"):
        storage.append([halted(9)], 1)

    assert list(storage.events()) == some_events(2)


@pytest.mark.parametrize("fate", [Fate.NEVER_SENT, Fate.LATE])
def test_other_events_after_an_outage_are_written_when_the_first_never_will_be(
    storage: FirestoreStorage, network: Network, documents: Documents, fate: Fate
) -> None:
    network.fates.append(fate)
    network.reads_fail = True
    with pytest.raises(StoreUnreachable):
        storage.append([halted(9)], 1)
    network.reads_fail = False

    assert storage.append([halted(2)], 1) == 2

    if network.on_their_way:
        with pytest.raises(Outrun):
            network.deliver(documents)
    assert list(storage.events()) == some_events(2)


@pytest.mark.parametrize("fate", Fate)
def test_a_look_up_without_an_answer_is_repeated(storage: FirestoreStorage, network: Network, fate: Fate) -> None:
    """The commit that bars a late append may itself be lost, made unseen, or late."""
    network.fates += [Fate.NEVER_SENT, fate]
    with pytest.raises(StoreUnreachable):
        storage.append([halted(2)], 1)

    assert storage.append([halted(2)], 1) == 2

    assert list(storage.events()) == some_events(2)


@pytest.mark.parametrize("successor_wrote", [False, True])
def test_events_written_before_another_writer_took_over_are_reported_as_written_and_no_more_follow(
    storage: FirestoreStorage, network: Network, documents: Documents, successor_wrote: bool
) -> None:
    """The clock of the replaced writer stands still, so only the token tells it."""
    network.fates.append(Fate.ANSWER_LOST)
    network.reads_fail = True
    with pytest.raises(StoreUnreachable):
        storage.append([halted(2)], 1)
    network.reads_fail = False
    later = FakeClock(at(1))
    with closing(FirestoreStorage(documents, "paper", clock=later, holder="second")) as second:
        if successor_wrote:
            second.append([halted(3)], 2)

        assert storage.append([halted(2)], 1) == 2
        with pytest.raises(WriteConflict, match="second is writing"):
            storage.append([halted(9)], 2)

        assert list(second.events()) == some_events(3 if successor_wrote else 2)


@pytest.mark.parametrize("fate", Fate)
def test_a_renewal_without_an_answer_does_not_cost_the_lease(
    storage: FirestoreStorage, network: Network, clock: FakeClock, fate: Fate
) -> None:
    network.fates.append(fate)
    clock.advance(11)
    with pytest.raises(StoreUnreachable):
        storage.append([halted(2)], 1)
    assert list(storage.events()) == some_events(1)

    clock.advance(1)

    assert storage.append([halted(2)], 1) == 2


def test_a_writer_that_cannot_say_goodbye_closes_all_the_same(
    storage: FirestoreStorage, network: Network, documents: Documents, clock: FakeClock
) -> None:
    network.fates.append(Fate.NEVER_SENT)
    storage.close()

    with pytest.raises(WriteConflict, match="first is writing"):
        FirestoreStorage(documents, "paper", clock=clock, holder="second")
    clock.advance(30)
    FirestoreStorage(documents, "paper", clock=clock, holder="second").close()


def test_a_server_that_is_frozen_for_30_seconds_costs_nothing_but_time(
    own_server: FirestoreServer, own_storage: FirestoreStorage, clock: FakeClock
) -> None:
    own_server.freeze()
    began = time.monotonic()
    for _ in range(2):
        with pytest.raises(StoreUnreachable, match="does not answer"):
            own_storage.append([halted(2), halted(3)], 1)
        clock.advance(15)
    assert time.monotonic() - began < BOUND_SECONDS
    own_server.thaw()

    assert own_storage.append([halted(2), halted(3)], 1) == 3

    assert list(own_storage.events()) == some_events(3)


def test_a_server_that_is_gone_is_reported_to_be_unreachable_by_every_call_in_time(
    own_server: FirestoreServer, own_documents: Documents, own_storage: FirestoreStorage, clock: FakeClock
) -> None:
    own_server.kill()
    began = time.monotonic()
    inbox = FirestoreInbox(own_documents, "paper")

    for ask in (
        lambda: own_storage.append([halted(2)], 1),
        lambda: list(own_storage.events()),
        lambda: FirestoreStorage(own_documents, "paper", clock=clock, holder="second"),
        lambda: inbox.post(HALT),
        inbox.pending,
        lambda: inbox.done(HALT),
    ):
        with pytest.raises(StoreUnreachable):
            ask()
    assert time.monotonic() - began < BOUND_SECONDS * 2
    own_server.start()


@pytest.mark.parametrize("fate", Fate)
def test_a_loop_outlasts_half_a_minute_without_a_store_and_its_events_are_written_once(
    unreliable: Documents, network: Network, clock: FakeClock, outages: Outages, fate: Fate
) -> None:
    """R1: the first request may have arrived, its answer is lost, and every look-up after it."""
    with closing(FirestoreStorage(unreliable, "paper", clock=clock, holder="loop", outages=outages)) as storage:
        network.fates += [fate, *[Fate.NEVER_SENT] * 100]
        network.reads_fail = True

        assert storage.append(some_events(2), 0) == 2

        assert list(storage.events()) == some_events(2)
    assert [request.kind for request in outages.pending()] == [RequestKind.OUTAGE]


def test_a_loop_outlasts_the_silence_of_its_inbox_and_whoever_posts_is_reported_at_once(
    unreliable: Documents, network: Network, outages: Outages
) -> None:
    inbox = FirestoreInbox(unreliable, "paper", outages=outages)
    inbox.post(HALT)
    network.fates += [Fate.NEVER_SENT] * 100

    with pytest.raises(StoreUnreachable):
        inbox.post(RESUME)
    inbox.done(HALT)

    assert list(inbox.pending()) == []


@pytest.mark.parametrize("seconds", [0, 11])
def test_a_server_that_comes_back_empty_is_refused_not_taken_for_a_new_ledger(
    own_server: FirestoreServer, own_storage: FirestoreStorage, clock: FakeClock, seconds: float
) -> None:
    """Both ways to notice: by the append itself, and by the lease that is renewed before it."""
    own_server.kill()
    own_server.start()
    clock.advance(seconds)

    with pytest.raises(CorruptLedger, match="gone"):
        when_it_answers_again(lambda: own_storage.append([halted(2)], 1))
    with pytest.raises(CorruptLedger, match="event 1 is missing"):
        list(own_storage.events())
    with pytest.raises(StorageError):
        own_storage.append([halted(2)], 1)


def when_it_answers_again(ask: object) -> None:
    """Ask until the connection is up again: Google's library waits a second or so before it dials anew."""
    assert callable(ask)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            ask()
        except StoreUnreachable:
            continue
        return
    pytest.fail("the server did not come back within 30 s")
