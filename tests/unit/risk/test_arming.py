"""Live trading needs three locks open at once; every other combination is paper or a refusal. Rules: cli.md, CS-609."""

from __future__ import annotations

import itertools

import pytest
from attrs import asdict, evolve

from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import Mode
from gammacore.domain.risk.arming import LiveRequest, Lock, Typed, arm, says_live

OPEN = LiveRequest(BrokerName.TRADIER, switch=True, typed=Typed.THE_ACCOUNT, credentials=True)
EVERY_REQUEST = [
    LiveRequest(*combination)
    for combination in itertools.product(
        BrokerName, (False, True), (False, True), Typed, (False, True), (False, True), (False, True)
    )
]


@pytest.mark.parametrize("broker", [BrokerName.TRADIER, BrokerName.ALPACA])
@pytest.mark.parametrize("setting", [False, True])
def test_all_three_locks_open_is_live(broker: BrokerName, setting: bool) -> None:
    arming = arm(evolve(OPEN, broker=broker, setting=setting))

    assert arming.mode is Mode.LIVE
    assert not arming.refused


def test_of_every_combination_only_the_three_open_locks_are_live() -> None:
    """The whole table: of every real broker exactly two rows are live, with and without the redundant setting."""
    live = [request for request in EVERY_REQUEST if arm(request).mode is Mode.LIVE]

    assert len(EVERY_REQUEST) == len(BrokerName) * 4 * 2**5
    assert len(live) == 2 * sum(broker.is_real for broker in BrokerName)
    assert all(
        request.broker.is_real
        and request.switch
        and request.credentials
        and request.typed is Typed.THE_ACCOUNT
        and not request.vetoed
        and not request.misplaced
        for request in live
    )


def test_who_asks_for_live_is_never_given_paper_quietly() -> None:
    assert all(arm(request).refused for request in EVERY_REQUEST if request.asks and arm(request).mode is not Mode.LIVE)


def test_who_does_not_ask_is_on_paper_whatever_is_at_hand() -> None:
    for request in EVERY_REQUEST:
        if not request.asks and not request.misplaced:
            assert not arm(request).refused
            assert arm(request).mode is (Mode.PAPER if request.broker.is_real else Mode.STUDY)


@pytest.mark.parametrize(
    ("change", "locks"),
    [
        ({"switch": False}, [Lock.SWITCH_MISSING]),
        ({"switch": False, "typed": Typed.NOTHING, "setting": True}, [Lock.SWITCH_MISSING, Lock.ACCOUNT_NOT_TYPED]),
        ({"credentials": False, "typed": Typed.UNPROVEN}, [Lock.CREDENTIALS_MISSING, Lock.ACCOUNT_UNPROVEN]),
        ({"typed": Typed.NOTHING}, [Lock.ACCOUNT_NOT_TYPED]),
        ({"typed": Typed.ANOTHER}, [Lock.ANOTHER_ACCOUNT]),
        ({"vetoed": True}, [Lock.PAPER_SWITCH]),
        ({"misplaced": True}, [Lock.MISPLACED]),
        ({"broker": BrokerName.FAKE}, [Lock.NO_LIVE_ACCOUNT]),
    ],
)
def test_each_closed_lock_is_named(change: dict[str, object], locks: list[Lock]) -> None:
    arming = arm(LiveRequest(**{**asdict(OPEN), **change}))

    assert list(arming.locks) == locks
    assert arming.mode is not Mode.LIVE


def test_all_that_is_missing_is_named_at_once() -> None:
    arming = arm(LiveRequest(BrokerName.ALPACA, setting=True, vetoed=True))

    assert list(arming.locks) == [
        Lock.PAPER_SWITCH,
        Lock.SWITCH_MISSING,
        Lock.CREDENTIALS_MISSING,
        Lock.ACCOUNT_NOT_TYPED,
    ]


def test_live_credentials_in_the_place_of_paper_ones_stop_a_paper_run() -> None:
    assert arm(LiveRequest(BrokerName.TRADIER, misplaced=True)).locks == (Lock.MISPLACED,)


@pytest.mark.parametrize("word", ["false", "FALSE", " false ", "0", "no", "off"])
def test_an_explicit_false_lifts_the_veto(word: str) -> None:
    assert says_live(word)


@pytest.mark.parametrize("word", [None, "", " ", "true", "flase", "f", "nein", "0.0", "00", "live", "none", "-0"])
def test_nothing_else_does(word: str | None) -> None:
    assert not says_live(word)
