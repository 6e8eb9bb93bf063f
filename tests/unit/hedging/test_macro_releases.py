"""Economic releases judged by ourselves: written, significant, known from their time on, unknown beyond the table."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from builders_hedging import FakeSource
from gammacore.application.watch_regime import WatchRegime
from gammacore.configuration import configure, read_toml
from gammacore.domain.hedge_filter.protocol import Level
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.regime.documents import RegimeDocument
from gammacore.domain.regime.macro_releases import MacroRelease, MacroReleases, judge_releases
from gammacore.domain.sessions import new_york
from gammacore.errors import ConfigurationError, InvalidInput

DATE = dt.date(2026, 1, 5)
CPI = "CPI 2026-01-05 10:30 actual=3.4 expected=3.2 volatility=high bls.gov"
GDP = "GDP 2026-01-05 11:00 actual=2.0 expected=2.5 volatility=high bea.gov"


def at(time: str, date: dt.date = DATE) -> dt.datetime:
    return new_york(date, dt.time.fromisoformat(time))


def releases(*lines: str, **fields: Any) -> MacroReleases:
    return MacroReleases(on=True, events=tuple(MacroRelease.read(line) for line in lines), **fields)


@pytest.mark.parametrize(
    ("kind", "figures", "significant"),
    [
        ("cpi", "actual=3.4 expected=3.2", True), ("cpi", "actual=3.39 expected=3.2", False),
        ("fomc", "actual=5.0 expected=5.25", True), ("gdp", "actual=2.0 expected=2.49", False),
        ("payrolls", "actual=100000 expected=150000", True), ("pce", "actual=2.0", False), ("pce", "expected=2", False),
        ("unemployment", "actual=4.0 expected=4.2", True),
    ],
)  # fmt: skip
def test_which_release_is_significant(kind: str, figures: str, significant: bool) -> None:
    """DH-454."""
    assert MacroRelease.read(f"{kind} 2026-01-05 08:30 {figures} source").is_significant is significant


@pytest.mark.parametrize(
    ("volatilities", "status"),
    [
        ([], "Normal"), (["low"], "Volatility_Event"), (["low", "high"], "Volatility_Event"),
        (["high", "odd"], "High_Volatility"), (["", ""], "High_Volatility"), (["low", "extreme"], "Extreme_Volatility"),
    ],
)  # fmt: skip
def test_what_releases_amount_to(volatilities: list[str], status: str) -> None:
    """DH-454, DH-453: unknown volatility counts as high."""
    written = [f" volatility={word}" if word else "" for word in volatilities]
    assert (
        judge_releases(MacroRelease.read(f"cpi 2026-01-05 08:30 actual=4 expected=3{x} s") for x in written) == status
    )


def test_a_release_is_read_as_it_is_shown_and_from_a_table(tmp_path: Path) -> None:
    (tmp_path / "gammacore.toml").write_text(
        f'[releases]\non = true\nevents = ["{CPI}"]\ncomplete_to = 2026-01-31\n'
    )  # fmt: skip
    read = configure([read_toml(tmp_path / "gammacore.toml")]).settings.releases
    table = {"name": "CPI", "date": DATE, "time": "10:30", "actual": 3.4, "expected": "3.2", "volatility": "high",
             "source": "bls.gov"}  # fmt: skip

    assert read == releases(CPI, complete_to=dt.date(2026, 1, 31))
    assert str(read.events[0]) == CPI
    assert MacroRelease.read(table) == read.events[0]


@pytest.mark.parametrize(
    "line",
    [
        "PPI 2026-01-05 08:30 bls.gov", "CPI 2026-01-05 bls.gov", "CPI 2026-01-05 08:30 actual=many bls.gov",
        "CPI 2026-01-05 08:30 actual=nan bls.gov", "CPI 2026-01-05 08:30 actual=1 actual=2 bls.gov", "CPI",
    ],
)  # fmt: skip
def test_a_release_that_cannot_be_read_is_refused_with_an_example(line: str) -> None:
    with pytest.raises(ConfigurationError, match=r"releases\.events: .* give a release \(cpi, .* 2026-12-10 08:30"):
        configure([{"releases.events": [line]}])


def test_a_table_without_releases_or_that_ends_before_its_last_is_refused() -> None:
    with pytest.raises(InvalidInput, match="on"):
        MacroReleases(on=True)
    with pytest.raises(InvalidInput, match="complete_to"):
        releases(CPI, complete_to=dt.date(2026, 1, 4))
    with pytest.raises(InvalidInput, match="complete_to"):
        MacroReleases(complete_to=DATE)


def test_a_release_is_not_known_before_its_time_nor_on_another_day() -> None:
    """What a live day cannot know, a replayed one does not."""
    table = releases(CPI, GDP, complete_to=dt.date(2026, 1, 31))

    assert not table.state(at("10:29:59")).detected
    assert (table.state(at("10:30")).status, table.state(at("10:30")).started_at) == ("Volatility_Event", at("10:30"))
    assert (table.state(at("11:00")).status, table.state(at("11:00")).events) == ("High_Volatility", ("CPI", "GDP"))
    assert not table.state(at("09:30", dt.date(2026, 1, 6))).detected


def test_the_regime_changes_at_the_instant_of_a_release_and_ends_with_its_time() -> None:
    """DH-450, DH-454: no look in between is needed, and the document is not asked."""
    document = FakeSource(RegimeDocument("", {"macro_event_detected": True}))
    watch = WatchRegime(HedgingSettings(), macro_source=document, releases=releases(CPI))

    active = [watch("SPY", at(time)).macro_active for time in ("09:30", "10:29:59", "10:30", "14:30", "14:30:01")]

    assert active == [False, False, True, True, False]
    assert [event.after.split(" stop")[0] for event in watch.events if event.subject == "macro"] == [
        "active Volatility_Event", "none",
    ]  # fmt: skip


@pytest.mark.parametrize(("date", "known"), [(4, False), (5, True), (31, True)])
def test_a_date_outside_the_table_is_not_calm(date: int, known: bool) -> None:
    day, table = dt.date(2026, 1, date), releases(CPI, complete_to=dt.date(2026, 1, 31))

    verdict = table.judge(day)

    assert (verdict.passed, verdict.reason) == ((True, None) if known else (False, "releases_unknown"))
    assert MacroReleases().judge(day).value == "off"


def test_a_table_near_its_end_is_warned_of() -> None:
    watch = WatchRegime(HedgingSettings(), releases=releases(CPI))
    watch("SPY", at("10:00", dt.date(2026, 1, 6)))

    warnings = [note.message for note in watch.notes if note.level is Level.WARN]

    assert "macro releases are not known after 2026-01-05" in warnings[0]
