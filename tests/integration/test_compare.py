"""A simulated day recorded and replayed, and replayed with slippage: check 17 of the study. Rules: ST-621..623."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import gammacore
from builders_cli import PINNED, CommandLine, at_home
from extent import many
from gammacore.application.study.compare import RunComparison, compare_ledgers
from gammacore.configuration import configure
from gammacore.domain.ledger import EntryJudged
from gammacore.errors import ConfigurationError, MissingData
from gammacore.wiring import events_of, record_day, wire_day
from gammacore_cli.main import EXIT_DONE, EXIT_FAILED, EXIT_USAGE

pytestmark = pytest.mark.xdist_group("compare")  # what the file sets up is set up by one worker

DAY = dt.date(2026, 3, 3)
TRADED = {"market.date": DAY, "market.seed": PINNED}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of a simulated day, its recording, and ledgers of two replays of that."""
    place = tmp_path_factory.mktemp("compared")
    recording = place / "day.rec"
    record_day(configure([TRADED]), recording)
    replayed = {"market.source": f"recording:{recording}"}
    traded(place / "live.sqlite", {})
    traded(place / "replay.sqlite", replayed)
    traded(place / "slipped.sqlite", {**replayed, "broker.slippage": "0.05"})
    traded(place / "another_day.sqlite", {"market.date": dt.date(2026, 3, 4)})
    return place


def traded(ledger: Path, settings: Mapping[str, Any]) -> None:
    day = wire_day(configure([{**TRADED, **settings}]), ledger)
    day.trade()
    day.close()


def compared(folder: Path, replay: str) -> RunComparison:
    configuration = configure([{"market.source": f"recording:{folder / 'day.rec'}"}])
    return gammacore.compare_runs(configuration, folder / "live.sqlite", folder / replay)


def test_a_day_recorded_and_replayed_does_not_differ(folder: Path) -> None:
    same = compared(folder, "replay.sqlite")

    assert not same.differs
    assert (same.settings, same.faults) == ((), ())
    assert (len(same.slots), len(same.trades)) == (4, 2)
    assert set(json.loads(same.to_json())["parts"].values()) == {"0.00"}
    assert all(trade.mark_visible for trade in same.trades)
    assert json.loads(same.to_json())["difference"] == "0.00"
    assert len(same.to_frame("pandas")) == 2


@pytest.mark.parametrize("strategy", ["delta-hedge", "st0cka", "st0ckg", "gamma-scalping", "hybrid"][: many(1, 5)])
def test_every_desk_does_in_the_replay_what_it_did(strategy: str, tmp_path: Path) -> None:
    desk = {
        **TRADED, "trade.strategy": strategy, "market.underlying": "SPY", "market.share_quotes": True,
        "market.step_seconds": many(300, 60), "sizing.starting_capital": "60000",
    }  # fmt: skip
    record_day(configure([desk]), tmp_path / "day.rec")
    recorded = {**desk, "market.source": f"recording:{tmp_path / 'day.rec'}"}
    traded(tmp_path / "live.sqlite", desk)
    traded(tmp_path / "replay.sqlite", recorded)
    traded(tmp_path / "slipped.sqlite", {**recorded, "broker.slippage": "0.02"})
    same, slipped = (
        gammacore.compare_runs(configure([recorded]), tmp_path / "live.sqlite", tmp_path / f"{name}.sqlite")
        for name in ("replay", "slipped")
    )

    assert not same.differs
    nets = [
        sum((side.net for pair in slipped.trades if (side := getattr(pair, name)) is not None), Decimal(0))
        for name in ("live", "replay")
    ]
    assert slipped.parts.total == nets[0] - nets[1]
    assert slipped.faults == ()


def test_slippage_is_found_a_leg_and_the_parts_add_up(folder: Path) -> None:
    slipped = compared(folder, "slipped.sqlite")
    nets = [
        sum((side.net for pair in slipped.trades if (side := getattr(pair, name)) is not None), Decimal(0))
        for name in ("live", "replay")
    ]

    assert slipped.parts.total == nets[0] - nets[1] != 0
    assert [row.key for row in slipped.settings] == [f"configuration on {DAY}"]
    filled = {name: groups[0].filled for name, groups in slipped.slippage.items()}
    assert {name: (one.mean, one.low, one.high) for name, one in filled.items() if one is not None} == {
        "live": (0.0, 0.0, 0.0), "replay": (pytest.approx(0.05),) * 3
    }  # fmt: skip
    entries = [pair.entry_a_leg for pair in slipped.trades if pair.entry_a_leg is not None]
    assert entries == [Decimal("-0.05")] * len(entries) != []
    assert slipped.suggested_slippage == 0
    assert [slot.why for slot in slipped.slots] == ["settings", "state", "state", "state"]


def test_the_other_way_round_the_live_fills_speak_for_their_slippage(folder: Path) -> None:
    configuration = configure([{"market.source": f"recording:{folder / 'day.rec'}"}])
    turned = gammacore.compare_runs(configuration, folder / "slipped.sqlite", folder / "live.sqlite")

    assert turned.suggested_slippage == Decimal("0.05")
    assert turned.parts.total == -compared(folder, "slipped.sqlite").parts.total


def test_a_simulated_market_is_made_again_where_none_is_named(folder: Path) -> None:
    found = gammacore.compare_runs(configure([]), folder / "replay.sqlite", folder / "live.sqlite")

    assert found.slippage["live"][0].legs == 8


def test_the_same_inputs_decided_differently_are_a_fault(folder: Path) -> None:
    live = events_of(configure([]).settings, folder / "live.sqlite")
    replay = [_with_another_answer(event) if isinstance(event, EntryJudged) else event for event in live]
    found = compare_ledgers(live, replay)

    assert found.faults[0].first is not None
    assert found.faults[0].first.name == "adx"


def _with_another_answer(event: EntryJudged) -> EntryJudged:
    from attrs import evolve

    from gammacore.domain.verdicts import Outcome

    filters = tuple(
        evolve(one, verdict=evolve(one.verdict, outcome=Outcome.PASS, reason=None, blocks=False))
        if one.name == "adx" and event.reason == "adx"
        else one
        for one in event.filters
    )
    return evolve(event, filters=filters)


def test_ledgers_without_a_day_in_common_are_refused_with_their_days(folder: Path) -> None:
    with pytest.raises(MissingData, match="live has 2026-03-03, replay has 2026-03-04"):
        compared(folder, "another_day.sqlite")
    with pytest.raises(ConfigurationError, match="no such file or ledger"):
        compared(folder, "none.sqlite")
    with pytest.raises(ConfigurationError, match="given twice"):
        compared(folder, "live.sqlite")


def test_the_command_says_it_and_its_exit_code(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_home(monkeypatch, tmp_path)
    gammacore_ = CommandLine(capsys)
    live, market = str(folder / "live.sqlite"), f"recording:{folder / 'day.rec'}"

    done = gammacore_("compare", live, str(folder / "replay.sqlite"), "--market", market)
    assert (done.code, "no difference in 1 days, 4 entries and 2 trades" in done.out) == (EXIT_DONE, True)
    shown = gammacore_("compare", live, str(folder / "slipped.sqlite"), "--market", market)
    assert (shown.code, "settings that differ" in shown.out) == (EXIT_DONE, True)
    document = json.loads(gammacore_("compare", live, str(folder / "slipped.sqlite"), "--json").out)
    assert {"settings", "slots", "trades", "parts", "slippage"} <= document.keys()
    assert set(document["parts"]) == {"entry", "exit", "size", "fees", "only_live", "only_replay"}
    (tmp_path / "live.toml").write_text("", encoding="utf-8")
    (tmp_path / "slipped.toml").write_text("[broker]\nslippage = 0.05\n", encoding="utf-8")
    files = ("--live-config", "live.toml", "--replay-config", "slipped.toml")
    settled = gammacore_.document("compare", live, str(folder / "slipped.sqlite"), *files)
    assert settled["settings"][0] == {"key": "broker.slippage", "live": "0", "replay": "0.05"}
    assert [one["code"] for one in settled["warnings"]] == ["few_trades"]
    assert gammacore_("compare", live, str(folder / "slipped.sqlite"), *files[:2]).code == EXIT_USAGE
    assert gammacore_("compare", live, str(folder / "none.sqlite")).code == EXIT_USAGE
    assert gammacore_("compare", live, str(folder / "another_day.sqlite")).code == EXIT_FAILED


def test_ledgers_that_are_compared_are_only_read(folder: Path) -> None:
    before = [(folder / name).read_bytes() for name in ("live.sqlite", "replay.sqlite")]
    compared(folder, "replay.sqlite")

    assert [(folder / name).read_bytes() for name in ("live.sqlite", "replay.sqlite")] == before
