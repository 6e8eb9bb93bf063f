"""Which key pair a scalping strategy trades with, on paper and live; half pairs, foreign pairs, misplaced keys. SC-706.

The strategies are given as texts: those that are not built yet take their pair all the same.
"""

from __future__ import annotations

import datetime as dt

import pytest

from gammacore.adapters.credentials import Variables
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.scalping_environment import PAIR_OF_STRATEGY
from gammacore.configuration import Configuration, LiveAsk, configure, read_environment
from gammacore.configuration.brokers import credential_names
from gammacore.domain.ledger import Mode
from gammacore.domain.loop_limits import RequestDeadlines
from gammacore.errors import ConfigurationError
from gammacore.wiring.brokers import BROKERS_OWN, _access
from gammacore.wiring.checks.doctor import diagnose
from gammacore.wiring.service.arming import Armed, armed_mode, credential_rows

NOT_ASKED = LiveAsk()
NUMBER = "123456789"
ST0CKA = {"ST0CKAKEY": "PKAAAA", "ST0CKASECRET": "secret-a"}
ST0CKG = {"ST0CKGKEY": "PKGGGG", "ST0CKGSECRET": "secret-g"}
FALLBACK = {"TRADING_API_KEY": "PKTTTT", "TRADING_API_SECRET": "secret-t"}
HOUSE = {"ALPACA_PAPER_API_KEY": "PKHHHH", "ALPACA_PAPER_SECRET_KEY": "secret-h"}
EVERYTHING = {**ST0CKA, **ST0CKG, **FALLBACK}
NOON = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)


def configured(strategy: str, ask: LiveAsk = NOT_ASKED, broker: str = "alpaca", **variables: str) -> Configuration:
    given = {"trade.strategy": strategy, "account.broker": broker}
    return configure([read_environment(variables), given | ({"account.paper": False} if ask.switch else {})], ask)


def armed(strategy: str, credentials: dict[str, str], broker: str = "alpaca", **variables: str) -> Armed:
    return armed_mode(configured(strategy, NOT_ASKED, broker, **variables), Variables(credentials, "environment"))


def opened_with(strategy: str, credentials: dict[str, str]) -> tuple[str, str]:
    """Key and secret that the paper account of Alpaca is opened with."""
    store = Variables(credentials, "environment")
    access = _access(armed(strategy, credentials), store, FakeClock(NOON), BROKERS_OWN, RequestDeadlines())
    return access.secret("ALPACA_PAPER_API_KEY").reveal(), access.secret("ALPACA_PAPER_SECRET_KEY").reveal()


@pytest.mark.parametrize(
    ("strategy", "pair"),
    [("st0cka", ST0CKA), ("gamma-scalping", ST0CKA), ("hybrid", ST0CKA), ("st0ckg", ST0CKG)],
)
def test_each_strategy_takes_its_own_pair_else_the_common_one_else_the_brokers_names(
    strategy: str, pair: dict[str, str]
) -> None:
    assert opened_with(strategy, EVERYTHING) == tuple(pair.values())
    assert opened_with(strategy, {**EVERYTHING, **dict.fromkeys(pair, " ")}) == tuple(FALLBACK.values())
    assert opened_with(strategy, HOUSE) == tuple(HOUSE.values())
    assert strategy in PAIR_OF_STRATEGY


def test_other_strategies_take_the_brokers_names_alone() -> None:
    assert opened_with("credit-spread", {**EVERYTHING, **HOUSE}) == tuple(HOUSE.values())
    with pytest.raises(ConfigurationError, match="on paper needs ALPACA_PAPER_API_KEY, ALPACA_PAPER_SECRET_KEY: give"):
        armed("credit-spread", EVERYTHING)


@pytest.mark.parametrize("name", EVERYTHING)
def test_half_a_pair_is_an_error_whichever_it_is(name: str) -> None:
    """SC-1309: even where another pair would serve: what is half there was meant."""
    rest = {each: text for each, text in EVERYTHING.items() if each != name}

    with pytest.raises(ConfigurationError, match=rf"is half a pair: {name} is not there; give both, or neither") as no:
        armed("st0cka", rest)
    assert not any(text in str(no.value) for text in EVERYTHING.values())


@pytest.mark.parametrize("name", HOUSE)
def test_half_a_pair_of_the_brokers_names_is_one_too(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"half a pair: {name} is not there"):
        armed("st0cka", {**ST0CKA, **{each: text for each, text in HOUSE.items() if each != name}})


def test_the_pair_of_another_strategy_serves_nothing_and_the_refusal_says_so() -> None:
    """SC-1309: the wrong pair for the mode."""
    with pytest.raises(ConfigurationError) as refused:
        armed("st0cka", ST0CKG)

    said = str(refused.value)
    assert "alpaca on paper needs ALPACA_PAPER_API_KEY, ALPACA_PAPER_SECRET_KEY" in said
    assert "for st0cka ST0CKAKEY and ST0CKASECRET serve too, or TRADING_API_KEY and TRADING_API_SECRET" in said
    assert "ST0CKGKEY and ST0CKGSECRET are there, and st0cka does not take them" in said


def test_two_pairs_that_differ_are_refused_and_two_that_agree_are_one() -> None:
    same = {"ALPACA_PAPER_API_KEY": "PKAAAA", "ALPACA_PAPER_SECRET_KEY": "secret-a"}

    assert opened_with("st0cka", {**ST0CKA, **same}) == ("PKAAAA", "secret-a")
    with pytest.raises(ConfigurationError, match="environment ST0CKAKEY and environment ALPACA_PAPER_API_KEY") as no:
        armed("st0cka", {**ST0CKA, **HOUSE})
    assert "secret-a" not in str(no.value)
    with pytest.raises(ConfigurationError, match="ST0CKASECRET and environment ALPACA_PAPER_SECRET_KEY"):
        armed("st0cka", {**ST0CKA, **same, "ALPACA_PAPER_SECRET_KEY": "another"})


def test_a_key_of_a_live_account_is_misplaced_on_paper() -> None:
    with pytest.raises(ConfigurationError, match="environment ST0CKAKEY begins with AK as a live account's do"):
        armed("st0cka", {**ST0CKA, "ST0CKAKEY": "AKAAAA"})


def test_a_key_of_a_paper_account_never_trades_live() -> None:
    """SC-1309: a PK key with --live."""
    asked = configured("st0cka", LiveAsk(switch=True, account=NUMBER))

    with pytest.raises(ConfigurationError, match="environment ST0CKAKEY begins with PK as a paper account's do"):
        armed_mode(asked, Variables({**ST0CKA, "ALPACA_ACCOUNT": NUMBER}, "environment"))


def test_a_live_run_takes_the_pair_for_a_live_one() -> None:
    live = {"ST0CKAKEY": "AKAAAA", "ST0CKASECRET": "secret-live", "ALPACA_ACCOUNT": NUMBER}
    asked = configured("st0cka", LiveAsk(switch=True, account=NUMBER), IS_PAPER_TRADING="False")
    store = Variables({**live, **HOUSE}, "environment")

    found = armed_mode(asked, store)

    assert found.mode is Mode.LIVE
    access = _access(found, store, FakeClock(NOON), BROKERS_OWN, RequestDeadlines())
    assert access.secret("ALPACA_SECRET_KEY").reveal() == "secret-live"


@pytest.mark.parametrize("veto", ["yes", "", "live"])
def test_the_switch_for_paper_vetoes_a_live_pair(veto: str) -> None:
    """SC-704, SC-705: refused, never downgraded in silence."""
    live = {"ST0CKAKEY": "AKAAAA", "ST0CKASECRET": "secret-live", "ALPACA_ACCOUNT": NUMBER}
    asked = configured("st0cka", LiveAsk(switch=True, account=NUMBER), IS_PAPER_TRADING=veto)

    with pytest.raises(ConfigurationError, match="environment IS_PAPER_TRADING says paper, which vetoes the rest"):
        armed_mode(asked, Variables(live, "environment"))


def test_the_address_must_be_that_of_the_mode() -> None:
    """SC-707: ALPACA_BASE_URL is checked, never obeyed against the mode."""
    paper, live = "https://paper-api.alpaca.markets/v2", "https://api.alpaca.markets"

    assert armed("st0cka", ST0CKA, ALPACA_BASE_URL=paper).mode is Mode.PAPER
    with pytest.raises(ConfigurationError, match=f"ALPACA_BASE_URL {live} is not the address.*another_address"):
        armed("st0cka", ST0CKA, ALPACA_BASE_URL=live)
    asked = configured("st0cka", LiveAsk(switch=True, account=NUMBER), ALPACA_BASE_URL=paper)
    keys = {"ST0CKAKEY": "AKAAAA", "ST0CKASECRET": "secret-live", "ALPACA_ACCOUNT": NUMBER}
    with pytest.raises(ConfigurationError, match=r"\[another_address\]"):
        armed_mode(asked, Variables(keys, "environment"))
    assert armed("st0cka", ST0CKA, broker="fake", ALPACA_BASE_URL=live).mode is Mode.STUDY


def test_another_brokers_run_asks_for_no_pair() -> None:
    tradier = {"TRADIER_SANDBOX_TOKEN": "token-1", "TRADIER_SANDBOX_ACCOUNT": "VA123456", "ST0CKAKEY": "PKAAAA"}

    assert armed("st0cka", tradier, broker="tradier").mode is Mode.PAPER


def test_the_keys_are_shown_as_stars_wherever_credentials_are_listed() -> None:
    """SC-707."""
    rows = list(credential_rows(Variables(EVERYTHING, ".env")))

    assert rows == [(name, "***", f".env {name}") for name in credential_names() if name in EVERYTHING]
    assert len(rows) == 6


def test_the_doctor_looks_for_the_same_keys() -> None:
    checks = {check.name: check for check in diagnose(configured("st0cka"), Variables(ST0CKG, "environment")).checks}
    half = {check.name: check for check in diagnose(configured("st0cka"), Variables({"ST0CKAKEY": "PKA"}, "x")).checks}

    assert "ST0CKAKEY and ST0CKASECRET serve too" in checks["credentials"].detail
    assert half["credentials"].detail == "x ST0CKAKEY is half a pair: ST0CKASECRET is not there; give both, or neither"
    assert not half["mode"].ok
