"""What a configuration and its credentials arm: study, paper, live, or a refusal that names all that is missing."""

from __future__ import annotations

import pytest

from gammacore.adapters.credentials import Variables
from gammacore.configuration import Configuration, LiveAsk, Sourced, configure, read_environment
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import Mode
from gammacore.errors import ConfigurationError
from gammacore.ports.credentials import Secret
from gammacore.wiring.service.arming import Armed, armed_mode

LIVE_NUMBER, SANDBOX_NUMBER = "6YA12345", "VA98765432"
TRADIER = {
    "TRADIER_TOKEN": "live-token-1",
    "TRADIER_ACCOUNT": LIVE_NUMBER,
    "TRADIER_SANDBOX_TOKEN": "sandbox-token-2",
    "TRADIER_SANDBOX_ACCOUNT": SANDBOX_NUMBER,
}
ALPACA = {
    "ALPACA_API_KEY": "AKLIVE0001",
    "ALPACA_SECRET_KEY": "live-secret-0002",
    "ALPACA_ACCOUNT": "123456789",
    "ALPACA_PAPER_API_KEY": "PKPAPER0003",
    "ALPACA_PAPER_SECRET_KEY": "paper-secret-0004",
}
EVERYTHING = {**TRADIER, **ALPACA}


def configured(
    broker: str, *, live: bool = False, typed: str = "", environment: dict[str, str] | None = None, **given: object
) -> Configuration:
    options = {"account.broker": broker, **{key.replace("__", "."): value for key, value in given.items()}}
    if live:
        options["account.paper"] = False
    layers = [read_environment(environment or {}), {key: Sourced(value, "option") for key, value in options.items()}]
    return configure(layers, LiveAsk(live, typed))


def at_hand(credentials: dict[str, str]) -> Variables:
    return Variables(credentials, "environment")


@pytest.mark.parametrize(("broker", "mode"), [("fake", Mode.STUDY), ("tradier", Mode.PAPER), ("alpaca", Mode.PAPER)])
def test_paper_is_the_default_even_with_live_credentials_at_hand(broker: str, mode: Mode) -> None:
    assert armed_mode(configured(broker), at_hand(EVERYTHING)).mode is mode


@pytest.mark.parametrize(("broker", "number"), [("tradier", LIVE_NUMBER), ("alpaca", "123456789")])
def test_the_three_together_are_live(broker: str, number: str) -> None:
    armed = armed_mode(configured(broker, live=True, typed=number), at_hand(EVERYTHING))

    assert (armed.mode, armed.broker) == (Mode.LIVE, BrokerName(broker))
    assert armed.banner == f"LIVE: real money at {broker}, account ***{number[-3:]}"


@pytest.mark.parametrize("switch", [False, True])
@pytest.mark.parametrize("typed", ["", LIVE_NUMBER, "6YA12346", SANDBOX_NUMBER])
@pytest.mark.parametrize("missing", [None, "TRADIER_TOKEN", "TRADIER_ACCOUNT"])
@pytest.mark.parametrize("veto", [None, "false", "true", "flase", ""])
def test_anything_short_of_the_three_is_never_live(
    switch: bool, typed: str, missing: str | None, veto: str | None
) -> None:
    """Every combination: live only with the switch, the number, both credentials, and no veto."""
    credentials = at_hand({name: text for name, text in TRADIER.items() if name != missing})
    environment = {} if veto is None else {"IS_PAPER_TRADING": veto}
    configuration = configured("tradier", live=switch, typed=typed, environment=environment)
    asks = switch or typed or veto == "false"
    complete = switch and typed == LIVE_NUMBER and missing is None and veto in (None, "false")

    if not asks or complete:
        assert armed_mode(configuration, credentials).mode is (Mode.LIVE if complete else Mode.PAPER)
        return
    with pytest.raises(ConfigurationError, match="live trading is refused") as refused:
        armed_mode(configuration, credentials)
    words = str(refused.value)
    assert ("--live is missing" in words) == (not switch)
    assert ("not typed back" in words) == (not typed)
    assert (f"{missing} is not there" in words) == (missing is not None)
    assert ("vetoes" in words) == (veto in ("true", "flase", ""))
    assert not any(secret in words for secret in TRADIER.values())


@pytest.mark.parametrize(
    ("broker", "live", "changed", "words"),
    [
        ("tradier", True, {"TRADIER_ACCOUNT": SANDBOX_NUMBER}, "begins with VA"),
        ("tradier", True, {"TRADIER_TOKEN": "sandbox-token-2"}, "are the same"),
        ("tradier", False, {"TRADIER_SANDBOX_ACCOUNT": LIVE_NUMBER}, "are the same"),
        ("tradier", False, {"TRADIER_SANDBOX_TOKEN": "live-token-1"}, "are the same"),
        ("alpaca", True, {"ALPACA_API_KEY": "PKOTHER"}, "begins with PK"),
        ("alpaca", True, {"ALPACA_ACCOUNT": "PA3XYZ"}, "begins with PA"),
        ("alpaca", False, {"ALPACA_PAPER_API_KEY": "AKOTHER"}, "begins with AK"),
        ("alpaca", False, {"ALPACA_PAPER_SECRET_KEY": "live-secret-0002"}, "are the same"),
    ],
)
def test_credentials_in_the_place_of_others_stop_the_run(
    broker: str, live: bool, changed: dict[str, str], words: str
) -> None:
    credentials = {**EVERYTHING, **changed}
    typed = credentials["TRADIER_ACCOUNT" if broker == "tradier" else "ALPACA_ACCOUNT"] if live else ""

    with pytest.raises(ConfigurationError, match=words) as refused:
        armed_mode(configured(broker, live=live, typed=typed), at_hand(credentials))

    assert not any(secret in str(refused.value) for secret in credentials.values())


@pytest.mark.parametrize("broker", ["tradier", "alpaca"])
def test_paper_needs_its_own_credentials(broker: str) -> None:
    with pytest.raises(ConfigurationError, match="on paper needs"):
        armed_mode(configured(broker), at_hand({}))


def test_the_fake_exchange_is_never_live() -> None:
    with pytest.raises(ConfigurationError, match="no live account"):
        armed_mode(configured("fake", live=True, typed=LIVE_NUMBER), at_hand(EVERYTHING))


@pytest.mark.parametrize("account_id", [LIVE_NUMBER, "live-token-1"])
def test_an_account_is_never_named_by_its_number(account_id: str) -> None:
    """The name stands in the ledger and in every client id."""
    with pytest.raises(ConfigurationError, match=r"account\.id is a credential"):
        armed_mode(configured("tradier", live=True, typed=LIVE_NUMBER, account__id=account_id), at_hand(TRADIER))


def test_keys_that_open_another_account_are_refused() -> None:
    armed = Armed(Mode.LIVE, BrokerName.TRADIER, Secret(LIVE_NUMBER))

    armed.require_account(LIVE_NUMBER)
    with pytest.raises(ConfigurationError, match="TRADIER_ACCOUNT") as refused:
        armed.require_account("6YA99999")
    assert "6YA99999" not in str(refused.value)
    with pytest.raises(ConfigurationError):
        armed.require_account("")


def test_what_is_asked_for_survives_what_is_filled_in() -> None:
    """A ledger taken up fills in its day; the command line's word on live trading stays."""
    filled = configured("tradier", live=True, typed=LIVE_NUMBER).filled_in({"market.seed": Sourced(7, "ledger")})

    assert filled.live == LiveAsk(switch=True, account=LIVE_NUMBER)
    assert LIVE_NUMBER not in repr(filled)


def test_the_banner_says_whose_money_and_no_more_than_the_end_of_the_number() -> None:
    banners = [
        Armed(Mode.STUDY, BrokerName.FAKE).banner,
        Armed(Mode.PAPER, BrokerName.ALPACA).banner,
        Armed(Mode.LIVE, BrokerName.TRADIER, Secret(LIVE_NUMBER)).banner,
    ]

    assert banners == [
        "STUDY: no money, simulated or replayed",
        "PAPER: play money at alpaca",
        "LIVE: real money at tradier, account ***345",
    ]
