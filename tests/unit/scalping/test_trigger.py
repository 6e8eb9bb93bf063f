"""When a hedge is decided anew. Rules: SC-402, SC-435..437, SC-443."""

import datetime as dt
from decimal import Decimal

import pytest

from gammacore.domain.scalping.trigger import Fired, Trigger, TriggerProfile, TriggerRules

NOON = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


def begun(profile: TriggerProfile = TriggerProfile.ST0CK, price: str = "590.00") -> Trigger:
    rules = TriggerRules.of(profile, Decimal(1))
    return Trigger(rules).after(Decimal(price), NOON, complete=True)


def test_the_first_accepted_price_only_sets_the_reference() -> None:
    """SC-435; before it the clock of the heartbeat does not run (SC-436)."""
    blank = Trigger().after(None, at(0), complete=False).after(None, at(100), complete=False)
    first = blank.after(Decimal(590), at(101), complete=True)

    assert (blank.fired, blank.due_at) == (None, None)
    assert (first.fired, first.taken, first.reference, first.due_at) == (None, False, Decimal(590), at(103))


@pytest.mark.parametrize(
    ("profile", "price", "fired"),
    [
        (TriggerProfile.ST0CK, "590.0199", None),
        (TriggerProfile.ST0CK, "590.02", Fired.PRICE),
        (TriggerProfile.ST0CK, "589.98", Fired.PRICE),
        (TriggerProfile.ALPACA, "590.0499", None),
        (TriggerProfile.ALPACA, "590.05", Fired.PRICE),
        (TriggerProfile.ALPACA, "589.95", Fired.PRICE),
    ],
)
def test_a_move_fires_from_exactly_the_threshold_on(profile: TriggerProfile, price: str, fired: Fired | None) -> None:
    """SC-402, SC-435, SC-1306."""
    assert begun(profile).after(Decimal(price), at(1), complete=True).fired is fired


def test_the_reference_moves_only_with_a_trigger_that_was_taken() -> None:
    """SC-435, SC-437: without a quote of a leg no hedge can be decided."""
    missed = begun().after(Decimal("590.03"), at(1), complete=False)
    again = missed.after(Decimal("590.03"), at(1.5), complete=True)

    assert (missed.fired, missed.taken, missed.refusal) == (Fired.PRICE, False, "state_incomplete")
    assert (missed.reference, missed.due_at) == (Decimal(590), at(2))
    assert (again.fired, again.taken, again.refusal) == (Fired.PRICE, True, None)
    assert (again.reference, again.due_at) == (Decimal("590.03"), at(3.5))


@pytest.mark.parametrize(("profile", "seconds"), [(TriggerProfile.ST0CK, 2.0), (TriggerProfile.ALPACA, 5.0)])
def test_a_heartbeat_fires_by_the_clock_and_leaves_the_reference(profile: TriggerProfile, seconds: float) -> None:
    """SC-402, SC-436."""
    early = begun(profile).after(Decimal("590.01"), at(seconds - 0.001), complete=True)
    beat = early.after(Decimal("590.01"), at(seconds), complete=True)

    assert early.fired is None
    assert (beat.fired, beat.taken) == (Fired.HEARTBEAT, True)
    assert (beat.reference, beat.due_at) == (Decimal(590), at(2 * seconds))


def test_a_heartbeat_needs_no_quote_and_is_blind_without_them() -> None:
    """SC-436, SC-437: it fires again a heartbeat later, not at every look."""
    beat = begun().after(None, at(2), complete=False)

    assert (beat.fired, beat.taken, beat.refusal) == (Fired.HEARTBEAT, False, "blind")
    assert beat.after(None, at(3), complete=False).fired is None
    assert beat.after(None, at(4), complete=False).refusal == "blind"


def test_a_move_counts_from_the_reference_and_not_from_the_last_price() -> None:
    """SC-435: a slow drift fires too."""
    drifted = begun().after(Decimal("590.01"), at(0.5), complete=True).after(Decimal("590.02"), at(1), complete=True)

    assert drifted.fired is Fired.PRICE


def test_the_price_trigger_is_in_dollars_of_spy() -> None:
    """SC-012, SC-402."""
    assert TriggerRules.of(TriggerProfile.ST0CK, Decimal("1.250517")).price == Decimal("0.02501034")
