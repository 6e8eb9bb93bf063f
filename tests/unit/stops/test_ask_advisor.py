"""Who asks the advisor, about what, and what a failing one is worth: nothing. Rules: CS-544, CS-545."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from attrs import evolve

from builders import a_plan, at
from builders_day import ledger_opened, opened
from builders_desk import Legs, a_situation
from gammacore.adapters.fake.in_memory import MemoryStorage
from gammacore.application.ask_advisors import AskAdvisor
from gammacore.application.day_ledger import DayLedger
from gammacore.domain.advice import AdvisorOpinion, ExitQuestion
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.holding_events import WatchChanged
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.stops.exits import odds_out_of_the_money
from gammacore.domain.strategy import Close, Decisions, SaveState, Situation

PLAN = a_plan(contracts=2)
STOPPED: Legs = {"P6880": (4.20, 4.30), "P6870": (1.50, 1.60)}  # worst 2.80, the stop is 2.75
CRASHED: Legs = {"P6880": (5.30, 5.40), "P6870": (1.50, 1.60)}  # worst 3.90, the emergency 3.50
QUIET: Legs = {"P6880": (3.90, 4.00), "P6870": (1.50, 1.60)}
HOLD = AdvisorOpinion(True, Decimal(90), "strong pin")


class Oracle:
    """Answers as set and keeps what it was asked."""

    def __init__(self, answer: Callable[[ExitQuestion], AdvisorOpinion | None]) -> None:
        self.asked: list[ExitQuestion] = []
        self._answer = answer

    def advise(self, question: ExitQuestion) -> AdvisorOpinion | None:
        self.asked.append(question)
        return self._answer(question)


class Desk:
    """The desk with an advisor beside it, as the day loop uses them."""

    def __init__(self, answer: Callable[[ExitQuestion], AdvisorOpinion | None] = lambda _: HOLD) -> None:
        self.oracle = Oracle(answer)
        self.storage = MemoryStorage()
        self.ledger = DayLedger(self.storage)
        self.ledger.record(ledger_opened(), *opened(PLAN))
        self.advise = AskAdvisor(self.oracle, self.ledger)

    def situation(
        self, time: str = "10:25", legs: Legs = STOPPED, *, price: str | None = "6900", vix: str | None = "15.2"
    ) -> Situation:
        return a_situation(time, book=self.ledger.book, legs=legs, price=price, vix=vix)

    def says(self, situation: Situation) -> Decisions:
        desk = CreditSpreadDesk()
        first = desk.decide(situation)
        opinions = self.advise(situation, first)
        return desk.decide(evolve(situation, opinions=opinions)) if opinions else first

    def closes(self, situation: Situation) -> bool:
        return any(isinstance(step, Close) for step in self.says(situation).steps)


def test_an_exit_that_may_wait_is_put_to_the_advisor_with_its_odds() -> None:
    desk = Desk()

    assert not desk.closes(desk.situation())

    (question,) = desk.oracle.asked
    assert (question.position, question.reason, question.value) == ("p1", "stop_loss", Decimal("2.80"))
    assert question.odds == odds_out_of_the_money(PLAN.spread, Decimal(6900), Decimal("15.2"), 5 + 35 / 60)


@pytest.mark.parametrize("legs", [CRASHED, QUIET], ids=["emergency", "nothing to close"])
def test_no_advisor_is_asked_about_what_cannot_wait(legs: Legs) -> None:
    """CS-544: an emergency does not wait for an answer."""
    desk = Desk()

    assert desk.closes(desk.situation(legs=legs)) is (legs is CRASHED)
    assert desk.oracle.asked == []


def test_no_advisor_is_asked_at_the_hard_close() -> None:
    desk = Desk()

    assert desk.closes(desk.situation("15:55", QUIET))
    assert desk.oracle.asked == []


@pytest.mark.parametrize(("price", "vix"), [("6900", None), (None, "15.2")], ids=["no VIX", "no price"])
def test_without_vix_or_price_stops_are_mechanical(price: str | None, vix: str | None) -> None:
    """CS-545, must not regress 36: nobody is asked, and an opinion that is there is not heard."""
    desk = Desk()
    situation = desk.situation(price=price, vix=vix)

    assert desk.closes(situation)
    assert desk.oracle.asked == []
    assert situation.opinion("p1") is None
    heard = CreditSpreadDesk().decide(evolve(situation, opinions={"p1": HOLD}))
    assert any(isinstance(step, Close) for step in heard.steps)


def test_a_price_that_is_stale_is_missing() -> None:
    """CS-545, CS-353."""
    desk = Desk()
    stale = a_situation("10:25", book=desk.ledger.book, legs=STOPPED, price_age=16)

    assert desk.closes(stale)
    assert desk.oracle.asked == []


def fails(_: ExitQuestion) -> AdvisorOpinion:
    raise TimeoutError("no answer in 2 s")


def answers_nonsense(_: ExitQuestion) -> AdvisorOpinion:
    return AdvisorOpinion(True, Decimal(250), "very sure")


@pytest.mark.parametrize("answer", [fails, answers_nonsense])
def test_an_error_means_close(answer: Callable[[ExitQuestion], AdvisorOpinion]) -> None:
    """CS-545: and a person hears of it."""
    desk = Desk(answer)

    assert desk.closes(desk.situation())

    *_, alarm = desk.storage.events()
    assert isinstance(alarm, AlarmRaised)
    assert (alarm.code, alarm.holding) == ("advisor_failed", "p1")


def test_no_opinion_means_close() -> None:
    desk = Desk(lambda _: None)

    assert desk.closes(desk.situation())


@pytest.mark.parametrize(
    ("time", "price", "asks"),
    [
        ("10:25:03", "6900", False),
        ("10:25:29", "6904.99", False),
        ("10:25:30", "6900", True),
        ("10:25:03", "6895", True),
    ],
)
def test_an_answer_is_kept_for_a_while(time: str, price: str, asks: bool) -> None:
    """CS-545: 30 s, or until the index moves 5 points."""
    desk = Desk()
    desk.closes(desk.situation("10:25"))

    assert not desk.closes(desk.situation(time, price=price))

    assert len(desk.oracle.asked) == (2 if asks else 1)


def test_an_error_does_not_bring_an_old_answer_back() -> None:
    """CS-545: after half a minute the advisor is asked again, and its failure closes."""
    answers = iter([HOLD])
    desk = Desk(lambda question: next(answers) if question.now < at("10:25:30") else fails(question))
    desk.closes(desk.situation("10:25"))

    assert desk.closes(desk.situation("10:25:31"))


def test_an_advisor_that_always_holds_is_overruled_in_the_end() -> None:
    """CS-544, must not regress 35: ten cycles, remembered in the ledger."""
    desk, cycles = Desk(), 0
    situation = desk.situation()
    while cycles < 20:
        steps = desk.says(situation).steps
        if any(isinstance(step, Close) for step in steps):
            break
        (remember,) = [step for step in steps if isinstance(step, SaveState)]
        desk.ledger.record(WatchChanged(situation.now, "p1", remember.watch))
        cycles += 1
        situation = desk.situation(f"10:{25 + cycles}")

    assert cycles == 10
