"""`gammacore trade --strategy FILE:NAME`: traded, taken up, flattened without its file, refused in one sentence."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from builders_cli import PINNED, QUICK, CommandLine, at_home, book_of
from conftest import ROOT
from gammacore.domain.desks.own_desk import OwnDesk
from gammacore.domain.ledger import DayStarted
from gammacore.domain.sessions import new_york
from gammacore.wiring import wire_day

TEN = "ten.py:TenShares"
DAY = dt.date(2026, 3, 3)
LOOKS = 14
"""Of five minutes: the last is at 10:35, and the ten shares were bought at 10:00."""


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    monkeypatch.setenv("GAMMACORE_MARKET__SEED", str(PINNED))  # ten shares are within the limits on it
    (tmp_path / "ten.py").write_text((ROOT / "examples" / "own_strategy.py").read_text(encoding="utf-8"))
    return CommandLine(capsys)


def holding(gammacore: CommandLine, ledger: str = "l.sqlite") -> None:
    """Ten shares, bought in the morning."""
    for _ in range(LOOKS):
        gammacore.document("trade", "--strategy", TEN, "--ledger", ledger, "--step", str(QUICK), "--once")
    (held,) = book_of(Path(ledger)).live_holdings
    assert held.quantities == {"SPY": 10}


def test_a_users_strategy_trades_the_day_under_its_own_name(gammacore: CommandLine) -> None:
    day = gammacore.document("trade", "--strategy", TEN, "--ledger", "l.sqlite", "--step", str(QUICK))

    book = book_of(Path("l.sqlite"))
    assert (day["strategy"], day["underlying"], day["entries"], day["exits"]) == ("ten-shares", "SPY", 1, 1)
    assert isinstance(book.day, DayStarted)
    assert book.day.strategy == "ten-shares"
    assert {held.owner for held in book.holdings.values()} == {"ten-shares"}


def test_the_configuration_names_it_too(gammacore: CommandLine) -> None:
    Path("gammacore.toml").write_text(f'[trade]\nstrategy = "{TEN}"\n', encoding="utf-8")

    assert gammacore.document("config", "check")["ok"]
    assert gammacore.document("config", "show")["trade.strategy"]["value"] == TEN
    assert gammacore.document("trade", "--step", str(QUICK))["strategy"] == "ten-shares"


def test_config_check_names_the_line_of_a_strategy_that_is_not_there(gammacore: CommandLine) -> None:
    Path("gammacore.toml").write_text('[trade]\nstrategy = "ten.py:Eleven"\n', encoding="utf-8")

    answer = gammacore("config", "check", "--json", "--quiet")

    (error,) = answer.document["errors"]
    assert (answer.code, error["line"], error["key"]) == (2, 2, "trade.strategy")
    assert "ten.py:TenShares" in error["fix"]


def test_a_day_goes_on_under_its_strategy_and_no_other(gammacore: CommandLine) -> None:
    holding(gammacore)

    other = gammacore.refusal("trade", "--strategy", "credit-spread", "--ledger", "l.sqlite")
    unnamed = gammacore.refusal("trade", "--ledger", "l.sqlite")
    assert "this ledger trades ten-shares on 2026-03-03" in other.err
    assert "ten-shares: is not built in" in unnamed.err
    assert "path/to/file.py:NAME of your own" in unnamed.err

    Path("moved").mkdir()
    Path("ten.py").rename("moved/ten.py")
    day = gammacore.document("trade", "--strategy", f"moved/{TEN}", "--ledger", "l.sqlite")
    assert (day["entries"], day["exits"], day["finished"]) == (1, 1, True)


@pytest.mark.parametrize("configured", [False, True])
def test_a_flatten_without_a_loop_needs_no_file_of_the_users(gammacore: CommandLine, configured: bool) -> None:
    """R10."""
    holding(gammacore)
    Path("ten.py").unlink()
    if configured:
        Path("gammacore.toml").write_text(f'[trade]\nstrategy = "{TEN}"\n', encoding="utf-8")

    assert gammacore.document("reconcile", "--ledger", "l.sqlite")["verdicts"]
    flat = gammacore.document("flatten", "--ledger", "l.sqlite")

    assert flat["done"] == "flat and halted"
    assert book_of(Path("l.sqlite")).live_holdings == ()
    assert gammacore.document("status", "--ledger", "l.sqlite")["halted"]


def test_a_running_loop_flattens_though_the_strategy_does_not_know_of_it(gammacore: CommandLine) -> None:
    """R10: the kill file beside the ledger."""
    holding(gammacore)
    Path("l.sqlite.halt").touch()

    answer = gammacore("trade", "--strategy", TEN, "--ledger", "l.sqlite", "--quiet")

    book = book_of(Path("l.sqlite"))
    (held,) = book.holdings.values()
    assert answer.code == 3
    assert held.is_flat
    assert max(order.changed_at for order in book.orders.values()) < new_york(DAY, dt.time(11))
    assert [order.ticket.quantity for order in book.orders.values()] == [10, 10]


def test_what_it_left_yesterday_is_closed_at_the_open(gammacore: CommandLine) -> None:
    """DH-520."""
    text = Path("ten.py").read_text(encoding="utf-8").replace("situation.now >= end", "False")
    Path("keeps.py").write_text(text, encoding="utf-8")
    for date in ("2026-03-03", "2026-03-04"):
        answer = gammacore(
            "trade",
            "--strategy",
            "keeps.py:TenShares",
            "--ledger",
            "l.sqlite",
            "--date",
            date,
            "--step",
            "300",
            "--quiet",
        )
        assert "Traceback" not in answer.err

    first = book_of(Path("l.sqlite")).holdings["SPY-20260303-ten"]
    assert first.is_flat


def test_a_plan_with_a_users_strategy_says_that_it_cannot_be_previewed(gammacore: CommandLine) -> None:
    answer = gammacore.refusal("plan", "--strategy", TEN)

    assert answer.code == 2
    assert f"trade.strategy: {TEN} cannot be previewed" in answer.err
    assert "give credit-spread, delta-hedge" in answer.err


def test_an_import_error_is_one_sentence_and_a_traceback_only_with_debug(gammacore: CommandLine) -> None:
    Path("bad.py").write_text("x = 1\nimport nowhere_at_all\n", encoding="utf-8")

    answer = gammacore.refusal("trade", "--strategy", "bad.py:X")
    assert answer.code == 2
    assert "trade.strategy: bad.py:X: bad.py cannot be imported (ModuleNotFoundError: No module named" in answer.err
    assert "line 2" in answer.err
    assert gammacore("trade", "--strategy", "bad.py:X", "--json").document["error"]["kind"] == "configuration"
    with pytest.raises(Exception, match="cannot be imported") as refused:
        gammacore("trade", "--strategy", "bad.py:X", "--debug")
    assert isinstance(refused.value.__cause__, ModuleNotFoundError)
    assert not Path(".gammacore").exists() or not list(Path(".gammacore").rglob("*.sqlite*"))


def test_a_fault_of_the_strategy_is_named_as_its_own(gammacore: CommandLine) -> None:
    text = (
        Path("ten.py")
        .read_text(encoding="utf-8")
        .replace("holding = situation", "situation.nothing\n        holding = situation")
    )
    Path("ten.py").write_text(text, encoding="utf-8")

    answer = gammacore.refusal("trade", "--strategy", TEN, "--step", "1800")

    assert answer.code == 1
    assert f"strategy ten-shares ({TEN}): decide raised AttributeError" in answer.err


def test_a_strategy_given_by_a_program_has_the_same_duties(gammacore: CommandLine) -> None:
    from gammacore import configure
    from gammacore.wiring import load_strategy

    strategy = load_strategy(TEN).inner
    day = wire_day(
        configure([{"market.underlying": "SPY", "market.seed": PINNED, "market.step_seconds": QUICK}]),
        strategy=strategy,
    )
    try:
        assert day.trade.strategy == OwnDesk(strategy.name, day.settings.limits, strategy)  # R10
        assert day.trade.equity is None
    finally:
        day.close()
