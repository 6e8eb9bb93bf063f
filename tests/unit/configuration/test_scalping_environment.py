"""The environment names of the scalping desks: every variable of the table, each way it can be wrong. SC-701..709."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gammacore.adapters.scalping_environment import PAIRS, STRATEGY_MODES, TABLE
from gammacore.configuration import (
    Configuration,
    LiveAsk,
    Settings,
    StrategyName,
    configure,
    read_environment,
    read_toml,
    unused_variables,
)
from gammacore.configuration.settings import flatten
from gammacore.domain.ledger import LedgerOpened, Mode
from gammacore.errors import ConfigurationError
from gammacore.wiring import account_ledger, ledgers_of, open_storage

NOON = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
KEYS = dict(flatten(Settings()))
WEBHOOK = "https://discord.com/api/webhooks/12/abc-DEF_3"
EXAMPLES: dict[str, tuple[str, Any]] = {
    "STRATEGY_MODE": ("st0cka", StrategyName.ST0CKA),
    "ALPACA_BASE_URL": ("https://paper-api.alpaca.markets/", "https://paper-api.alpaca.markets/"),
    "INITIALIZATION_MODE": ("resume", "resume"),
    "MAX_DAILY_LOSS": ("-250.50", Decimal("250.50")),
    "MAX_CONSECUTIVE_LOSSES": ("2", 2),
    "USE_VOLATILITY_SIZING": ("No", False),
    "USE_MEAN_REVERSION": (" ON ", True),
    "TRACK_PERFORMANCE": ("0", False),
    "ST0CKG_TRADING_CAPITAL": ("3000", Decimal(3000)),
    "ST0CKG_MAX_POSITIONS": ("1", 1),
    "DATABASE_URL": ("sqlite:///st0ck.sqlite", Path("st0ck.sqlite")),
    "DASHBOARD_ENABLED": ("true", True),
    "PORT": ("8080", 8080),
    "LOG_LEVEL": ("warning", "WARNING"),
    "DISCORD_WEBHOOK_URL": (WEBHOOK, WEBHOOK),
}
"""A text for each variable that sets something, other than its default, and the value it sets."""


def given(**variables: str) -> Configuration:
    return configure([read_environment(variables)])


@pytest.mark.parametrize("variable", [row for row in TABLE if row.key], ids=lambda row: row.name)
def test_every_variable_sets_its_key_or_is_named_as_not_used(variable: Any) -> None:
    """SC-707, SC-1309: a key this version does not have leaves its variable among those that change nothing."""
    text, value = EXAMPLES[variable.name]
    configuration = given(**{variable.name: text})

    if variable.key not in KEYS:  # none of its section is there yet
        assert not any(key.startswith(variable.key.partition(".")[0] + ".") for key in KEYS)
        assert configuration.given == {}
        assert unused_variables({variable.name: text}) == (variable.name,)
        return
    assert dict(flatten(configuration.settings))[variable.key] == value != KEYS[variable.key]
    assert configuration.given[variable.key].source == f"environment {variable.name}"
    assert unused_variables({variable.name: text}) == ()


@pytest.mark.parametrize("variable", [row for row in TABLE if row.key], ids=lambda row: row.name)
def test_an_empty_variable_is_unset(variable: Any) -> None:
    assert given(**{variable.name: " "}).given == {}


def test_what_is_known_and_not_used_is_named_and_nothing_more() -> None:
    """SC-707."""
    set_up = {"TELEGRAM_BOT_TOKEN": "12:abc", "SENTRY_DSN": "https://k@h/1", "REDIS_URL": "redis://:pw@h",
              "ACTIVE_STRATEGY": "st0cka"}  # fmt: skip

    assert given(**set_up).settings == Settings()
    assert unused_variables({**set_up, "ST0CKAKEY": "PK1", "HOME": "/root"}) == tuple(set_up)


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("STRATEGY_MODE", "credit-spread", "give one of st0cka, st0ckg, gamma_scalping, hybrid"),
        ("STRATEGY_MODE", "STOCKA", "'STOCKA' is not valid"),
        ("MAX_DAILY_LOSS", "0", "give a loss below 0, in dollars, like -500"),
        ("MAX_DAILY_LOSS", "500", "give a loss below 0"),
        ("MAX_DAILY_LOSS", "-inf", "give a loss below 0"),
        ("MAX_CONSECUTIVE_LOSSES", "0", "give a number at least 1"),
        ("MAX_CONSECUTIVE_LOSSES", "three", "give a whole number"),
        ("USE_VOLATILITY_SIZING", "maybe", "give true or false"),
        ("USE_MEAN_REVERSION", "flase", "give true or false"),
        ("TRACK_PERFORMANCE", "2", "give true or false"),
        ("LOG_LEVEL", "loud", "give one of DEBUG, INFO, WARNING, ERROR"),
        ("ALPACA_BASE_URL", "https://api.alpaca.market", "give https://paper-api.alpaca.markets or https://api"),
        ("ALPACA_BASE_URL", "http://api.alpaca.markets", "give https://paper-api.alpaca.markets or https://api"),
        ("DATABASE_URL", "postgres://me:sesame@host/db", "the scheme postgres is not supported; give sqlite:///FILE"),
        ("DATABASE_URL", "sqlite:///", "give sqlite:///FILE"),
        ("DISCORD_WEBHOOK_URL", "https://discord.com/sesame", "give https://discord.com/api/webhooks/ID/TOKEN"),
    ],
)
def test_a_value_that_cannot_be_names_its_variable_and_the_fix(variable: str, text: str, told: str) -> None:
    """SC-703, SC-707: and never shows a secret."""
    with pytest.raises(ConfigurationError) as refused:
        given(**{variable: text})

    assert f"environment {variable}: " in str(refused.value)
    assert told in str(refused.value)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("name", [name for pair in PAIRS for name in pair.names if "0" in name])
def test_a_key_with_the_letter_o_is_refused_and_the_right_name_is_told(name: str) -> None:
    """SC-707: STOCKGKEY would open nothing."""
    wrong = name.replace("0", "O")

    with pytest.raises(ConfigurationError, match=f"environment {wrong}: .* write {name}, with the digit 0") as refused:
        given(**{wrong: "PKSESAME"})
    assert "SESAME" not in str(refused.value)
    assert given(**{wrong: " "}).settings == Settings()


@pytest.mark.parametrize("mode", STRATEGY_MODES)
def test_the_four_modes_with_either_sign(mode: str) -> None:
    """A hyphen or an underscore: gamma_scalping is an alias of the command line's name."""
    for text in (mode, mode.replace("_", "-"), mode.upper()):
        assert given(STRATEGY_MODE=text).settings.trade.strategy == mode.replace("_", "-")
    for name in StrategyName:
        assert configure([{"trade.strategy": name.replace("-", "_")}]).settings.trade.strategy is name


def test_stronger_sources_win(tmp_path: Path) -> None:
    """SC-701: default < TOML < .env < environment < option, one after the other."""
    file = tmp_path / "gammacore.toml"
    file.write_text("[limits]\ndaily_loss = 400\n", encoding="utf-8")
    layers: list[Any] = [
        read_toml(file),
        read_environment({"MAX_DAILY_LOSS": "-300"}, ".env"),
        read_environment({"MAX_DAILY_LOSS": "-200"}),
        {"limits.daily_loss": Decimal(100)},
    ]

    found = [configure(layers[:count]) for count in range(5)]

    assert [each.settings.limits.daily_loss for each in found] == [500, 400, 300, 200, 100]
    assert [each.given["limits.daily_loss"].source for each in found[1:]] == [
        f"{file}, line 2", ".env MAX_DAILY_LOSS", "environment MAX_DAILY_LOSS", "program"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("switch", "is_vetoed"),
    [("yes", True), ("", True), ("live", True), ("flase", True), ("true", True),
     ("False", False), (" off ", False), ("0", False), ("no", False), (None, False)],
)  # fmt: skip
def test_anything_but_an_explicit_false_vetoes_live(switch: str | None, is_vetoed: bool) -> None:
    """SC-704, SC-1309: unset does not veto, but paper stays the default."""
    environment = {} if switch is None else {"IS_PAPER_TRADING": switch}
    asked = configure([read_environment(environment), {"account.paper": False}], LiveAsk(switch=True))

    assert bool(asked.live_veto) is is_vetoed
    assert asked.settings.account.paper is is_vetoed
    assert configure([]).settings.account.paper


@pytest.mark.parametrize(
    ("profile", "row"),
    [("original", (1, 1, False, 1)), ("enhanced", (1, 3, True, 1)), ("advanced", (1, 3, True, 5))],
)
def test_the_profiles_are_named_presets(profile: str, row: tuple[int, int, bool, int]) -> None:
    """SC-013, SC-201, SC-709."""
    rules = configure([{"scalping.st0cka.profile": profile}]).settings.scalping.st0cka

    sizes = (rules.position_size_min, rules.position_size_max, rules.use_volatility_sizing, rules.max_positions)
    assert sizes == row
    assert rules.profit_target == Decimal("0.01")
    assert rules.profile == profile


def test_a_profile_wins_over_weaker_layers_and_a_key_of_its_own_layer_over_it() -> None:
    """SC-701: the older program's variables must not undo what the command line asks for."""
    variables = read_environment({"USE_VOLATILITY_SIZING": "true"})
    option = {"scalping.st0cka.profile": "original"}

    asked = configure([variables, option])
    assert not asked.settings.scalping.st0cka.use_volatility_sizing
    assert asked.given["scalping.st0cka.use_volatility_sizing"].source == "profile original (program)"
    assert not configure([asked.given]).settings.scalping.st0cka.use_volatility_sizing
    assert configure([option, variables]).settings.scalping.st0cka.use_volatility_sizing
    both = {**option, "scalping.st0cka.position_size_max": 2}
    assert configure([both]).settings.scalping.st0cka.position_size_max == 2


def test_a_profile_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="give one of original, enhanced, advanced"):
        configure([{"scalping.st0cka.profile": "bold"}])


def test_the_ledger_of_the_older_program_is_the_paper_accounts_and_never_the_live_ones(tmp_path: Path) -> None:
    """SC-707: paper and live never share a ledger."""
    settings = given(DATABASE_URL=f"sqlite:///{tmp_path}/st0ck.sqlite").settings

    assert account_ledger(settings, Mode.PAPER) == tmp_path / "st0ck.sqlite"
    assert account_ledger(settings, Mode.LIVE) == tmp_path / "live-st0ck.sqlite"
    with pytest.raises(ConfigurationError, match="with kind firestore no file holds the ledger"):
        configure([{"storage.file": "a.sqlite", "storage.kind": "firestore"}])


def test_a_ledger_outside_the_home_is_found_by_every_command(tmp_path: Path) -> None:
    """OP-102: it is the account's own, whether a loop writes it or not."""
    keys = {"storage.file": tmp_path / "st0ck.sqlite", "storage.home": tmp_path / "home"}
    settings = configure([keys]).settings
    place = account_ledger(settings, Mode.PAPER)
    storage = open_storage(settings, place)
    storage.append([LedgerOpened(NOON, "test", Mode.PAPER, "lineage", Decimal(20_000))], 0)

    assert [(one.place, one.mode) for one in ledgers_of(settings).running] == [(place, Mode.PAPER)]
    storage.close()
    found = ledgers_of(settings)
    assert ([one.place for one in found.accounts], found.running) == ([place], ())
