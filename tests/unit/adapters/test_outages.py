"""A loop outlasts a store that does not answer, and hears of it afterwards. R1, R6."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from builders_ledger import OPEN
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.firestore import Outages, StoreUnreachable
from gammacore.adapters.firestore.faults import Outrun, StoreBusy
from gammacore.errors import StorageError
from gammacore.ports.storage import RequestKind


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(OPEN)


def silent_until(instant: dt.datetime, clock: FakeClock, silence: StorageError) -> Callable[[], str]:
    def ask() -> str:
        if clock.now() < instant:
            raise silence
        return "here"

    return ask


def test_an_answer_at_once_is_no_outage(clock: FakeClock) -> None:
    outages = Outages(clock, 30)

    assert outages.outlast(lambda: "here") == "here"

    assert (outages.pending(), clock.now()) == ((), OPEN)


@pytest.mark.parametrize("silence", [StoreUnreachable("nobody answers"), StoreBusy("the quota is used up")])
def test_a_silence_is_waited_out_and_reported_once_it_is_over(clock: FakeClock, silence: StorageError) -> None:
    outages = Outages(clock, 60)

    assert outages.outlast(silent_until(OPEN + dt.timedelta(seconds=30), clock, silence)) == "here"

    (request,) = outages.pending()
    assert (request.kind, request.at) == (RequestKind.OUTAGE, OPEN + dt.timedelta(seconds=30))
    assert request.reason == f"the ledger was out of reach for 30 s: {silence}"


def test_an_outage_is_in_the_log_at_once_and_at_its_end(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    Outages(clock, 60).outlast(silent_until(OPEN + dt.timedelta(seconds=30), clock, StoreUnreachable("no answer")))

    begun, over = [record.getMessage() for record in caplog.records]
    assert begun == "no answer. Nothing goes on until it answers, for 60 s at most"
    assert over.startswith("the ledger was out of reach for 30 s")


def test_a_silence_that_lasts_too_long_is_an_error_in_its_own_words(clock: FakeClock) -> None:
    outages = Outages(clock, 30)

    with pytest.raises(StoreUnreachable, match="nobody answers"):
        outages.outlast(silent_until(OPEN + dt.timedelta(seconds=31), clock, StoreUnreachable("nobody answers")))

    assert (outages.pending(), clock.now()) == ((), OPEN + dt.timedelta(seconds=30))


def test_without_patience_nothing_is_asked_twice(clock: FakeClock) -> None:
    asked = []

    def ask() -> None:
        asked.append(clock.now())
        raise StoreUnreachable("nobody answers")

    with pytest.raises(StoreUnreachable):
        Outages(clock, 0).outlast(ask)

    assert asked == [OPEN]


@pytest.mark.parametrize("refusal", [Outrun("somebody was faster"), StorageError("no right to write there")])
def test_a_refusal_is_no_outage(clock: FakeClock, refusal: StorageError) -> None:
    with pytest.raises(StorageError, match=str(refusal)):
        Outages(clock, 30).outlast(silent_until(OPEN + dt.timedelta(seconds=1), clock, refusal))

    assert clock.now() == OPEN


def test_a_silence_that_several_questions_meet_is_waited_for_once(clock: FakeClock) -> None:
    """Else a loop whose alarm meets the same silence would end minutes after its limit."""
    outages = Outages(clock, 30)
    never = silent_until(OPEN + dt.timedelta(hours=1), clock, StoreUnreachable("nobody answers"))

    for question in ("the inbox", "the ledger", "the ledger"):
        with pytest.raises(StoreUnreachable):
            outages.outlast(never, question)

    assert clock.now() == OPEN + dt.timedelta(seconds=30)


def test_a_question_unanswered_for_too_long_holds_nothing_up_while_others_are_answered(clock: FakeClock) -> None:
    """A used-up quota of reads: the ledger takes events, the inbox is silent all day."""
    outages = Outages(clock, 30)
    inbox = silent_until(OPEN + dt.timedelta(seconds=90), clock, StoreBusy("the quota is used up"))
    for _ in range(3):
        with pytest.raises(StoreBusy):
            outages.outlast(inbox, "the inbox")
        outages.outlast(lambda: "written", "the ledger")
    assert clock.now() == OPEN + dt.timedelta(seconds=30)

    clock.advance(60)
    assert outages.outlast(inbox, "the inbox") == "here"

    assert [told.reason for told in outages.pending()] == ["the inbox was out of reach for 90 s: the quota is used up"]


def test_a_new_silence_is_waited_for_though_another_question_is_still_unanswered(clock: FakeClock) -> None:
    outages = Outages(clock, 30)
    with pytest.raises(StoreBusy):
        outages.outlast(silent_until(OPEN + dt.timedelta(days=1), clock, StoreBusy("no more reads")), "the inbox")
    outages.outlast(lambda: "written", "the ledger")
    back = clock.now() + dt.timedelta(seconds=20)

    assert outages.outlast(silent_until(back, clock, StoreUnreachable("nobody answers")), "the ledger") == "here"

    assert clock.now() == back
