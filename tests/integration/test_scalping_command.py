"""`gammacore trade` with a scalping strategy: its switches, and what it says before the first order.

Rules: SC-616, SC-617, SC-707, SC-801, SC-802.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from builders_broker_cli import Desk, desks
from builders_cli import PINNED, CommandLine, at_home
from gammacore import wiring
from gammacore.adapters.credentials import Variables
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.application.diagnose import Check
from gammacore.configuration import Configuration, LiveAsk, Settings, configure, read_environment
from gammacore.configuration.settings import flatten
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import DayFinished, DayStarted, LedgerOpened, Mode
from gammacore.errors import ConfigurationError
from gammacore.wiring import Armed, preflight_of, wire_day
from gammacore.wiring.checks.preflight import PRACTICE, in_words
from gammacore_cli.scalping_options import SWITCHES, Switch

KEYS = dict(flatten(Settings()))
STEP = ("--step", "600")


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    monkeypatch.setenv("GAMMACORE_MARKET__SEED", str(PINNED))
    return CommandLine(capsys)


@pytest.fixture
def at_broker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[str], Desk]]:
    with desks(monkeypatch, tmp_path, capsys) as opened:
        yield opened


def traded_by(ledger: Path) -> str:
    """The hash of the configuration a day was traded by."""
    started = next(event for event in wiring.events_of(Settings(), ledger) if isinstance(event, DayStarted))
    return started.configuration


def hashed(**given: object) -> str:
    return hashlib.sha256(configure([{"trade.strategy": "st0cka", **given}]).fingerprint().encode()).hexdigest()[:16]


VALUES = {
    "--profile": "advanced", "--smart-entry": "bars", "--init-mode": "resume", "--min-dte": "20", "--max-dte": "60",
    "--delta-threshold": "3.5", "--max-contracts": "2", "--trigger-profile": "alpaca",
}  # fmt: skip


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.option)
def test_every_switch_sets_its_key_and_wins_over_the_environment(
    switch: Switch, gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SC-701: the figures a day is traded by are those of the command line. A key that is not there is refused."""
    words = (switch.option,) if switch.kind is None else (switch.option, VALUES[switch.option])
    day = ("trade", "--strategy", "st0cka", *STEP, "--ledger", "day.sqlite", "--quiet", *words)
    if switch.key not in KEYS:
        assert not any(key.startswith(f"{switch.key.rpartition('.')[0]}.") for key in KEYS), f"{switch.key}: misspelt"
        assert f"option {switch.option}: unknown key {switch.key}" in gammacore.refusal(*day).err
        return
    monkeypatch.setenv(f"GAMMACORE_{switch.key.upper().replace('.', '__')}", str(KEYS[switch.key]))

    answer = gammacore(*day)

    assert answer.code == 0, answer.err
    value = switch.value if switch.kind is None else VALUES[switch.option]
    assert traded_by(Path("day.sqlite")) == hashed(**{switch.key: value}) != hashed()


@pytest.mark.parametrize("switch", ["--volatility-off", "--mean-reversion", "--power-hour"])
def test_a_switch_that_changes_nothing_is_accepted_with_a_notice(switch: str, gammacore: CommandLine) -> None:
    """SC-801."""
    answer = gammacore("trade", *STEP, switch, "--quiet")

    assert answer.code == 0
    assert f"{switch} changes nothing: credit-spread does not read it, only hybrid and st0cka" in answer.err
    assert "changes nothing" not in gammacore("trade", "--strategy", "st0cka", *STEP, switch, "--quiet").err


def test_every_switch_is_named_in_the_help(gammacore: CommandLine) -> None:
    helped = " ".join(gammacore("trade", "--help").out.split())

    assert not {switch.option for switch in SWITCHES if switch.option not in helped}


def test_what_older_programs_had_besides_is_named_once_at_the_start(
    gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SC-707: and never shown."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "12:sesame")
    monkeypatch.setenv("REDIS_URL", "redis://:sesame@host")

    answer = gammacore("trade", *STEP)

    assert answer.err.count("known from older programs and not used: TELEGRAM_BOT_TOKEN, REDIS_URL") == 1
    assert "sesame" not in answer.err


@pytest.mark.parametrize(
    ("arguments", "environment", "is_told"),
    [
        ((), {}, True),
        ((), {"LOG_LEVEL": "warning"}, False),
        (("--log-level", "info"), {"LOG_LEVEL": "WARNING"}, True),
        (("--debug",), {"LOG_LEVEL": "ERROR"}, True),
        (("--quiet",), {"LOG_LEVEL": "DEBUG"}, False),
    ],
)
def test_the_level_of_the_log_is_a_setting_that_options_win_over(
    arguments: tuple[str, ...], environment: dict[str, str], is_told: bool, gammacore: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """SC-707, section 8."""
    for name, text in environment.items():
        monkeypatch.setenv(name, text)

    assert ("Day finished" in gammacore("trade", *STEP, *arguments).err) is is_told


def test_the_capital_is_shown_before_the_start_and_not_again(gammacore: CommandLine) -> None:
    """SC-616: with the price of now, and only at a day's first start."""
    day = ("trade", "--strategy", "st0cka", *STEP, "--ledger", "day.sqlite")
    first, again = gammacore(*day), gammacore(*day)

    lines = first.err.splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("Capital before the start"))
    assert "equity $20,000; needed = by the 25% position cap" in lines[head]
    assert [line.split()[:2] for line in lines[head + 1 : head + 3]] == [[">", "st0cka"], ["st0ckg", "options"]]
    assert head < next(number for number, line in enumerate(lines) if "Day started" in line)
    assert "Capital before the start" not in again.err
    assert "Capital before the start" not in gammacore("trade", *STEP).err


@pytest.mark.parametrize(("strategy", "is_told"), [("gamma-scalping", True), ("st0cka", False)])
def test_the_sources_advice_on_the_market_is_printed_and_is_no_rule(
    strategy: str, is_told: bool, gammacore: CommandLine
) -> None:
    """SC-018."""
    answer = gammacore("trade", "--strategy", strategy, *STEP)

    assert answer.code == 0, answer.err
    assert ("gamma-scalping: best in volatile, range-bound markets, says its source" in answer.err) is is_told


def test_a_small_account_is_warned_and_goes_on(gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """SC-617: the cap is what refuses."""
    monkeypatch.setenv("GAMMACORE_SIZING__STARTING_CAPITAL", "499")

    answer = gammacore("trade", "--strategy", "st0cka", *STEP, "--quiet")

    assert answer.code == 0
    assert "capital_low: $499 is below the $500 advised for st0cka" in answer.err
    assert "capital_low: $499 buys nothing under the position cap, which needs $2,2" in answer.err
    monkeypatch.setenv("GAMMACORE_SIZING__STARTING_CAPITAL", "2500")
    assert "capital_low" not in gammacore("trade", "--strategy", "st0cka", *STEP, "--quiet").err


@pytest.mark.parametrize(
    ("fee", "cover", "told"),
    [("0.0049", "false", False), ("0.005", "false", True), ("0.005", "true", False)],
)
def test_a_target_that_a_round_trip_eats_is_named_with_both_figures(
    fee: str, cover: str, told: bool, gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SC-216: not below the target, equality included."""
    monkeypatch.setenv("GAMMACORE_BROKER__FEES__SHARE", fee)
    monkeypatch.setenv("GAMMACORE_SCALPING__ST0CKA__COVER_FEES", cover)

    said = gammacore("trade", "--strategy", "st0cka", *STEP, "--quiet").err

    assert ("target_below_fees: a target of 0.01 a share, and a round trip costs 0.010 a share" in said) is told


def studied(tmp_path: Path, **given: object) -> Configuration:
    keys = {"trade.strategy": "st0cka", "storage.home": tmp_path, "market.step_seconds": 600}
    return configure([{**keys, **{key.replace("__", "."): value for key, value in given.items()}}])


def test_a_live_start_asks_for_practice_and_counts_the_sessions_on_paper(tmp_path: Path) -> None:
    """SC-617: four lines, and a warning below ten sessions in the paper ledger."""
    configuration = studied(tmp_path)
    live = Armed(Mode.LIVE, BrokerName.FAKE)

    def remarks(count: int) -> str:
        place = wiring.account_ledger(configuration.settings, Mode.PAPER)
        assert isinstance(place, Path)
        place.unlink(missing_ok=True)
        day = wire_day(configuration)
        try:
            storage = wiring.open_storage(configuration.settings, place)
            begun = dt.datetime(2026, 3, 3, 14, 30, tzinfo=dt.UTC)
            opened = LedgerOpened(begun, "test", Mode.PAPER, "lineage", Decimal(20_000))
            storage.append([opened], 0)
            for number in range(count):
                date = dt.date(2026, 3, 1) + dt.timedelta(days=number)
                storage.append([DayFinished(begun, date, Decimal(20_000))], number + 1)
            storage.close()
            found = preflight_of(day, live)
        finally:
            day.close()
        assert found is not None
        assert found.practice == PRACTICE
        assert len(PRACTICE) == 4
        return " ".join(found.remarks)

    assert "paper_sessions: 9 finished in" in remarks(9)
    assert "paper_sessions" not in remarks(10)


def test_on_paper_nobody_is_asked_to_practise(tmp_path: Path) -> None:
    day = wire_day(studied(tmp_path))
    try:
        found = preflight_of(day, Armed(Mode.PAPER, BrokerName.FAKE))
    finally:
        day.close()
    assert found is not None
    assert (found.practice, [line for line in found.remarks if "paper_sessions" in line]) == ((), [])


def test_a_small_account_under_the_day_trading_rule_is_told_of_it(tmp_path: Path) -> None:
    """SC-616: at a broker under that rule, below $25,000."""
    at_alpaca = Armed(Mode.PAPER, BrokerName.ALPACA)
    cases: tuple[tuple[dict[str, object], bool], ...] = (
        ({}, True),
        ({"sizing__starting_capital": 25_000}, False),
        ({"account__intraday_margin_since": dt.date(2026, 6, 4), "market__date": "2026-08-19"}, False),
    )
    sentence = "pattern_day_trader: below $25,000 alpaca allows 3 round trips in 5 sessions, and no gamma scalping"
    for given, told in cases:
        day = wire_day(studied(tmp_path, **given))
        try:
            found = preflight_of(day, at_alpaca)
        finally:
            day.close()
        assert found is not None
        assert (sentence in found.remarks) is told


def test_everything_missing_is_named_at_once(gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """SC-802: before any order, each with its fix."""
    monkeypatch.setattr("gammacore.wiring.checks.doctor._is_installed", lambda _module: False)

    answer = gammacore.refusal("trade", "--strategy", "st0cka", "--broker", "alpaca")

    assert answer.code == 2
    assert "st0cka cannot start, 2 pieces are missing: (1) credentials: ALPACA_PAPER_API_KEY is missing" in answer.err
    assert "(2) extras: alpaca: not installed; in gammacore's folder: " in answer.err
    assert "Not asked yet: broker, clock, account, market_data" in answer.err
    assert not Path(".gammacore").exists()


def test_without_a_lock_that_was_asked_for_the_mode_is_named_too(gammacore: CommandLine) -> None:
    answer = gammacore.refusal("trade", "--strategy", "st0cka", "--broker", "alpaca", "--live")

    assert "(2) mode: live trading is refused: ALPACA_API_KEY" in answer.err


def test_a_study_asks_for_nothing() -> None:
    configuration = configure([{"trade.strategy": "st0cka"}])
    other = configure([{"account.broker": "alpaca"}])

    assert wiring.missing_pieces(configuration, Variables({}, "environment")) == ()
    assert wiring.missing_pieces(other, Variables({}, "environment")) == ()
    with pytest.raises(ConfigurationError, match="cannot start"):
        wiring.missing_pieces(configure([configuration.given, other.given]), Variables({}, "environment"))


@pytest.mark.parametrize(("seconds", "told"), [(1, False), (3, True)])
def test_a_clock_that_is_off_is_told_before_the_day_and_does_not_keep_it_from_watching(
    seconds: int, told: bool, at_broker: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SC-802: over 2 s. What may come back is a warning; entries have their own gates."""
    desk = at_broker("alpaca")
    desk.at("09:45")
    ours = FakeClock(desk.world.now() + dt.timedelta(seconds=seconds))
    monkeypatch.setattr("gammacore.wiring.checks.doctor.SystemClock", lambda: ours)

    answer = desk.gammacore("trade", "--strategy", "st0cka", "--broker", "alpaca", "--once")

    assert answer.code == 0, answer.err
    assert (f"before the start: clock: {seconds}.0 s apart from alpaca's, at most 2 s; set this" in answer.err) is told
    assert "Capital before the start" in answer.err


def test_the_strategys_own_keys_open_the_account_and_a_flatten_finds_them(
    at_broker: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SC-706: at a broker, under the names of the older program alone; the ledger says whose keys a flatten takes."""
    desk = at_broker("alpaca")
    for old, new in (("ALPACA_PAPER_API_KEY", "ST0CKAKEY"), ("ALPACA_PAPER_SECRET_KEY", "ST0CKASECRET")):
        monkeypatch.setenv(new, os.environ[old])
        monkeypatch.delenv(old)
    desk.at("09:45")

    traded = desk.gammacore("trade", "--strategy", "st0cka", "--broker", "alpaca", "--once")
    flattened = desk.gammacore("flatten", "--paper", "--broker", "alpaca")
    other = desk.gammacore("trade", "--strategy", "credit-spread", "--broker", "alpaca", "--once")

    assert traded.code == 0, traded.err
    assert flattened.code == 0, flattened.err
    assert other.code == 2
    assert "alpaca on paper needs ALPACA_PAPER_API_KEY, ALPACA_PAPER_SECRET_KEY: give" in other.err


def test_a_check_in_words_says_its_fix_once() -> None:
    check = Check("clock", False, "3.1 s apart", "set it by a time server")

    assert in_words(check) == "clock: 3.1 s apart; set it by a time server"
    assert in_words(evolve(check, fix="3.1 s")) == "clock: 3.1 s apart"


@pytest.mark.parametrize(("tracked", "strategy", "is_there"), [("true", "hybrid", True), ("false", "hybrid", False),
                                                               ("true", "credit-spread", False)])  # fmt: skip
def test_the_trades_stand_beside_the_ledger_as_a_table(
    tracked: str, strategy: str, is_there: bool, gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SC-707: TRACK_PERFORMANCE; of the scalping desks."""
    monkeypatch.setenv("TRACK_PERFORMANCE", tracked)
    ran = ("trade", "--strategy", strategy, "--step", "60", "--ledger", "day.sqlite")
    document = gammacore.document(*ran)

    table = Path("day.sqlite.trades.csv")
    assert table.exists() is is_there
    if is_there:
        rows = list(csv.DictReader(table.read_text().splitlines()))
        assert document["trades"]
        assert [(row["Trade_ID"], Decimal(row["P/L_$"])) for row in rows] == [
            (trade["id"], Decimal(trade["pnl"])) for trade in document["trades"]
        ]
        assert all(int(row["Position_Size"]) > 0 and row["Entry_Price"] for row in rows)


def test_live_is_not_asked_for_by_a_variable_alone() -> None:
    """SC-705: IS_PAPER_TRADING=false without --live is refused, never traded on paper in silence."""
    given: list[Mapping[str, object]] = [
        read_environment({"IS_PAPER_TRADING": "False"}), {"trade.strategy": "st0cka", "account.broker": "alpaca"},
    ]  # fmt: skip

    with pytest.raises(ConfigurationError, match="the option --live is missing"):
        wiring.armed_mode(configure(given, LiveAsk()), Variables({"ST0CKAKEY": "PK1", "ST0CKASECRET": "s"}, "x"))
