"""What the page and `status` show of other desks, of many days, and between two looks. OP-106, OP-503, OP-514."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import extent
from builders_gex import Row, a_chain
from builders_page import SEED, Served, a_home_with_a_day, paced, served, settings_of, wait_for
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.dashboard.api import ROUTES
from gammacore.adapters.dashboard.pages import PAGES, PATHS
from gammacore.adapters.dashboard.security import Terms
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.adapters.view_files.reading import read_day, read_now, view_folder
from gammacore.adapters.view_files.track import keep_measurement
from gammacore.configuration import configure
from gammacore.domain.book.book import Book
from gammacore.domain.gex.survey import survey_gamma
from gammacore.domain.ledger import AlarmRaised, Event, LedgerOpened
from gammacore.wiring import book_of, events_of, new_token, wire_day
from gammacore.wiring.page.dashboard import HomeDesk
from gammacore.wiring.page.day_index import INDEX_FILE, indexed_days

SPY = {"market.underlying": "SPY", "market.seed": 7, "market.step_seconds": 60, "view.studies": True,
       "view.judge_every": 3600}  # fmt: skip


def get(page: Served, path: str) -> Any:
    return page.get(path).json()


def held_for(looks: int) -> Callable[[Book], bool]:
    seen = 0

    def done(book: Book) -> bool:
        nonlocal seen
        seen += any(one.has_filled and not one.is_flat for one in book.live_holdings)
        return seen >= looks

    return done


def a_desk_day(home: Path, strategy: str, looks: int = 4) -> Path:
    """A day of a desk, left after it has held something for so many looks."""
    ledger = home / "runs" / f"{strategy}.sqlite"
    ledger.parent.mkdir(parents=True, exist_ok=True)
    day = wire_day(configure([{**SPY, "trade.strategy": strategy}]), ledger)
    day.trade.run_until(held_for(looks))
    day.close()
    return ledger


@pytest.mark.parametrize(
    ("strategy", "rules", "series"),
    [
        ("st0cka", {"profit_target", "stop"}, {"mark"}),
        ("st0ckg", {"r_stop", "final_target", "option_stop"}, {"mark", "price"}),
        ("gamma-scalping", {"premium_stop", "take_profit"}, {"profit"}),
    ],
)
def test_every_desk_shows_its_stop_and_target(
    tmp_path: Path, strategy: str, rules: set[str], series: set[str]
) -> None:  # fmt: skip
    ledger = a_desk_day(tmp_path, strategy)
    now = read_now(view_folder(ledger))
    assert now is not None
    (shown,) = now["holdings"]
    course = read_day(view_folder(ledger), dt.date.fromisoformat(now["date"]))

    assert rules <= {level["rule"] for level in shown["levels"]}
    assert None not in {level["distance"] for level in shown["levels"]}
    assert set(course[-1]["holdings"][0]["measured"].values()) == series
    assert None not in (shown["entry"], shown["mark"], shown["profit"], shown["greeks"])
    assert (shown["mark_age"], shown["quantity"] > 0) == (0.0, True)
    assert now["next_action"]["at"] > now["market_at"]
    assert now["reconciled"]["verdicts"] == {"match": 1}
    asked = now["metrics"]["connection_pool_stats"]
    assert (asked["requests"] > 0, asked["errors"]) == (True, 0)
    with served(tmp_path) as page:
        text = page.get("/positions").text
        assert all(rule.replace("_", " ") in text for rule in rules)


def status(ledger: Path) -> Any:
    """What the command says, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "gammacore", "status", "--ledger", str(ledger), "--json"],
        capture_output=True, text=True, check=True, env={**os.environ, "GAMMACORE_HOME": str(ledger.parents[1])},
    )  # fmt: skip
    return json.loads(done.stdout)


def test_the_page_and_status_show_the_same_marks_and_levels_as_the_policy(tmp_path: Path) -> None:
    """Acceptance 15: a loop that waits in one look, so that page and command see the same picture."""
    ledger = tmp_path / "runs" / "r.sqlite"
    with paced(tmp_path, None, **{"market.step_seconds": 900}), served(tmp_path) as page:
        wait_for(lambda: get(page, "/api/positions")["holdings"], 120)
        found, said = get(page, "/api/positions"), status(ledger)
        again = get(page, "/api/positions")
        (shown,), (told,) = found["holdings"], said["marks"]
        (spread,) = page.desk.read(None).book.live_spreads

        assert found["marked_at"] == said["marked_at"] == again["marked_at"]
        assert (shown["mark"], shown["levels"]) == (told["mark"], told["levels"])
        levels = {level["rule"]: level["price"] for level in shown["levels"]}
        assert levels["stop_loss"] == float(spread.plan.policy.advertised_stop(spread.credit))
        assert said["next_action"] is not None
        assert found["grey"] is False


# -- alarms ------------------------------------------------------------------------------------------------------------


def add(ledger: Path, *events: Callable[[dt.datetime], Event]) -> None:
    storage = SqliteStorage(ledger)
    at = wait_for(lambda: Book.of([*storage.events()]).last_at)
    storage.append([make(at) for make in events], storage.version)
    storage.close()


def test_open_alarms_are_on_the_page_and_in_status(tmp_path: Path) -> None:
    ledger = a_home_with_a_day(tmp_path, held=True)
    add(ledger, *[lambda at: AlarmRaised(at, "feed_silent", "no quote <b>at all</b>")] * 2)
    said = status(ledger)
    with served(tmp_path) as page:
        (alarm,) = get(page, "/api/system")["alarms"]
        text = page.get("/").text

    assert (alarm["code"], alarm["count"]) == ("feed_silent", 2)
    assert [(one["code"], one["count"]) for one in said["alarms"]] == [("feed_silent", 2)]
    assert "Open alarms" in text
    assert "no quote &lt;b&gt;" in text


def test_a_loop_that_starts_again_still_shows_the_alarms_before_it(tmp_path: Path) -> None:
    ledger = a_home_with_a_day(tmp_path, held=True)
    add(ledger, lambda at: AlarmRaised(at, "feed_silent", "12 s"))
    day = wire_day(configure([{**SEED, "view.studies": True, "view.judge_every": 600}]), ledger)
    day.trade.once()
    day.close()
    now = read_now(view_folder(ledger))

    assert now is not None
    assert [one["code"] for one in now["alarms"]] == ["feed_silent"]


# -- between two looks -------------------------------------------------------------------------------------------------


def test_what_a_quote_between_two_looks_decided_is_published_and_is_no_cycle(tmp_path: Path) -> None:
    """SC-912: the picture is of the newest situation seen; cycles count whole looks only."""
    day = wire_day(configure([{**SPY, "trade.strategy": "st0cka"}]), tmp_path / "a.sqlite")
    day.trade.run_until(held_for(1))
    view, folder = day.trade.view, view_folder(tmp_path / "a.sqlite")
    before = read_now(folder)
    assert view is not None
    assert view._seen is not None
    assert before is not None
    import attrs

    seen, later = view._seen, day.trade.clock.now() + dt.timedelta(minutes=1)
    market = attrs.evolve(seen.market, at=later, spot=Decimal("700.00"), spot_at=later)
    view.saw(attrs.evolve(seen, now=later, market=market))
    view.end(later, day.trade.ledger.book, later, is_cycle=False)
    day.close()
    after = read_now(folder)

    assert after is not None
    assert (after["market"]["spot"], after["cycle"]["n"]) == (700.0, view._cycles)
    assert after["market_at"] > before["market_at"]


# -- many days ---------------------------------------------------------------------------------------------------------


def a_record(home: Path, days: int) -> Path:
    """A ledger of so many simulated days, one seed a day."""
    ledger, date, calendar = home / "runs" / "year.sqlite", dt.date(2025, 1, 2), NyseCalendar()
    ledger.parent.mkdir(parents=True, exist_ok=True)
    while days:
        if calendar.session(date) is not None:
            keys = {"market.seed": days, "market.date": date, "market.step_seconds": 900}
            day = wire_day(configure([keys]), ledger)
            day.trade()
            day.close()
            days -= 1
        date += dt.timedelta(days=1)
    return ledger


def test_a_list_of_many_days_is_kept_and_holds_as_long_as_the_ledger_does(tmp_path: Path) -> None:
    """Acceptance 19, with the days a run has time for: all 250 in the sweep."""
    count = extent.many(21, 250)
    ledger = a_record(tmp_path, count)
    settings, opened = settings_of(tmp_path), LedgerOpened
    assert indexed_days(settings, ledger) is None
    lines, error = HomeDesk(settings).days(None)
    kept = indexed_days(settings, ledger)
    book = book_of(settings, ledger)
    start = next(one.starting_balance for one in events_of(settings, ledger) if isinstance(one, opened))

    assert (len(lines), error) == (count, "")
    assert kept == lines
    assert round(sum(line["net"] for line in lines), 2) == float(book.balance - start)
    fresh = HomeDesk(settings)
    assert fresh.days(None)[0] == lines
    assert all(one.reading is None for one in fresh._kept.values())  # no event was folded

    add(ledger, lambda at: AlarmRaised(at, "feed_silent", "12 s"))
    assert indexed_days(settings, ledger) is None
    assert HomeDesk(settings).days(None)[0][-1]["alarms"] == lines[-1]["alarms"] + 1
    with served(tmp_path) as page:
        listed = get(page, "/api/days")
        assert (len(listed["days"]), listed["mode"]) == (count, "study")
        for path in ("/performance", "/st0ckg", "/forecast", "/"):
            assert page.get(path).status_code == 200


def test_an_index_that_cannot_be_kept_or_read_costs_nothing(tmp_path: Path) -> None:
    ledger = a_home_with_a_day(tmp_path)
    settings = settings_of(tmp_path)
    (view_folder(ledger) / INDEX_FILE).write_text('{"format": 1, "head": 3}')

    assert len(HomeDesk(settings).days(None)[0]) == 1
    assert (view_folder(ledger) / INDEX_FILE).read_text() == '{"format": 1, "head": 3}'  # one day is not worth one


def test_the_band_is_drawn_from_twenty_trades_on(tmp_path: Path) -> None:
    a_home_with_a_day(tmp_path)
    with served(tmp_path) as page:
        assert page.desk.band(None) is None
        assert "shown from 20 on" in page.get("/performance").text


# -- words of others ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_every_page_names_mode_and_halt_in_its_title_and_icon(tmp_path: Path, name: str) -> None:
    from gammacore.domain.ledger import Halted

    ledger = a_home_with_a_day(tmp_path, held=True)
    add(ledger, lambda at: Halted(at, 'x"><script>alert(1)</script>'))
    with served(tmp_path) as page:
        text = page.get(PAGES[name][1]).text

    assert "<title>HALTED · " in text
    assert "STUDY" in text.partition("</title>")[0]
    assert 'href="/static/icon-study.svg"' in text
    assert "<script>alert" not in text


# -- dealer gamma without a loop ---------------------------------------------------------------------------------------


def test_gamma_that_no_loop_publishes_is_shown_as_it_was_tracked(tmp_path: Path) -> None:
    """`gex --every --track`: on a home without a ledger, and beside a ledger whose loop measured nothing."""
    rows = [Row(strike, strike >= 6000, 500.0 + strike % 50, iv=0.15) for strike in range(5900, 6101, 10)]
    survey = survey_gamma(a_chain(rows), Decimal(6003))
    before = dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC)
    with served(tmp_path) as page:
        assert get(page, "/api/exposure")["exposure"] is None
        assert "gex --every 60 --track" in page.get("/gamma").text
        for minutes in (0, 1):
            keep_measurement(tmp_path, survey, None, before + dt.timedelta(minutes=minutes))
        found = get(page, "/api/exposure")
        text = page.get("/gamma").text

    assert (found["source"], len(found["course"])) == ("track", 2)
    assert found["exposure"]["net"] == pytest.approx(survey.exposure.net_total, abs=1)
    assert "not by a trading loop" in text
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "gamma").glob("*/*")] == [0o600] * 2


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_no_secret_of_the_environment_or_the_settings_is_on_any_route(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OP-501, OP-509: marked secrets, the control token and its hash, on every route that can be read."""
    marked = "m4rked-s3cret"
    for name in ("TRADIER_TOKEN", "TRADIER_SANDBOX_TOKEN", "APCA_API_SECRET_KEY", "DISCORD_WEBHOOK_URL"):
        monkeypatch.setenv(name, f"https://host.invalid/{marked}")
    a_home_with_a_day(tmp_path, held=True)
    token = new_token(settings_of(tmp_path))
    kept = (tmp_path / "dashboard.token").read_text().strip()
    terms = Terms(controls=True, token_hash=kept)
    places = [path.replace("{date}", "2026-03-03") for path in PATHS]
    hook: dict[str, Any] = {"alerts.webhook_url": f"https://discord.com/api/webhooks/1234/{marked}"}
    with served(tmp_path, terms, **hook) as page:
        for path in (*places, *ROUTES, "/api/system", "/health", "/metrics", "/journal.csv", "/part/system"):
            text = page.get(path).text
            assert not [one for one in (marked, token, kept) if one in text], path
