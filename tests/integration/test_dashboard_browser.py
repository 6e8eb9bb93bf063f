"""The pages in Debian's Chromium: they move by themselves, one stream a browser. OP-505, OP-513..516."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import extent
from builders_page import Served, a_home_with_a_day, browser, needs_browser, paced, served, wait_for
from gammacore.adapters.dashboard.pages import PAGES
from gammacore.adapters.dashboard.security import Terms

pytestmark = [needs_browser(), pytest.mark.xdist_group("browser")]
SIZES = (320, 1280)
SCHEMES = ("light", "dark")
PATHS = [path for _, path, _ in PAGES.values()]
TOKEN = "the token of these tests"
WEIGHT = """
performance.getEntriesByType('navigation')[0].decodedBodySize
  + performance.getEntriesByType('resource')
    .filter(one => !one.name.includes('/part/'))
    .reduce((sum, one) => sum + one.decodedBodySize, 0)
"""
"""Bytes of a first visit, uncompressed; what a page asks for later is no part of it."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    a_home_with_a_day(home)
    with served(home) as page:
        yield page


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("empty")) as page:
        yield page


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    import hashlib

    home = tmp_path_factory.mktemp("running")
    terms = Terms(controls=True, token_hash=hashlib.sha256(TOKEN.encode()).hexdigest())
    with paced(home, 2.0), served(home, terms) as page:
        wait_for(lambda: page.desk.now(None))
        yield page


def _heard(said: list[str], message: Any) -> None:
    said.append(str(getattr(message, "text", message)))


def grave(page: Any) -> list[str]:
    """axe's serious and critical findings."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("state", ["empty", "day", "running"])
def test_every_page_fits_weighs_little_and_has_no_grave_finding(
    chromium: Any, state: str, request: pytest.FixtureRequest
) -> None:
    """Acceptance 18, but for the first paint, which a busy machine of tests does not show.

    A page is loaded once and then shown in another size and scheme: it follows both without a reload.
    """
    where: Served = request.getfixturevalue(state)
    shown = [*extent.pairs(SIZES, SCHEMES)]
    context = chromium.new_context(viewport={"width": SIZES[0], "height": 800})
    said: list[str] = []
    for path in PATHS:
        page = context.new_page()
        page.on("console", partial(_heard, said))
        page.on("pageerror", partial(_heard, said))
        page.goto(where.url + path)
        page.locator("h1").wait_for()
        weight = page.evaluate(WEIGHT)
        assert weight <= 150_000, (path, weight)
        for width, scheme in shown:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            assert grave(page) == [], (path, width, scheme)
        assert said == [], path
        page.close()
    context.close()


def test_a_page_moves_without_being_loaded_again(chromium: Any, running: Served) -> None:
    page = chromium.new_page()
    page.goto(running.url + "/system")
    page.evaluate("document.body.dataset.mine = 'still here'")
    cycles = page.locator("dt:text-is('cycles') + dd")
    before = cycles.inner_text()

    from playwright.sync_api import expect

    expect(cycles).not_to_have_text(before, timeout=15_000)
    assert page.evaluate("document.body.dataset.mine") == "still here"
    page.close()


def test_many_tabs_share_one_stream_which_another_takes_over(chromium: Any, running: Served) -> None:
    """Acceptance 17: fifty in the sweep."""
    from playwright.sync_api import expect

    context = chromium.new_context()
    tabs = [context.new_page() for _ in range(extent.many(8, 50))]
    for tab in tabs:
        tab.goto(running.url + "/", wait_until="commit")
    for tab in tabs:
        tab.locator("h1").wait_for()

    def streams() -> int:
        return int(running.get("/api/system").json()["streams"])

    wait_for(lambda: streams() == 1)
    for tab in tabs[1:]:
        tab.evaluate("delete document.body.dataset.stream")
    for tab in tabs[1:]:
        expect(tab.locator("body")).to_have_attribute("data-stream", re.compile(r"\d+"), timeout=20_000)
    assert streams() == 1
    tabs[0].close()
    for tab in tabs[1:]:
        tab.evaluate("delete document.body.dataset.stream")
    for tab in tabs[1:]:
        expect(tab.locator("body")).to_have_attribute("data-stream", re.compile(r"\d+"), timeout=20_000)
    wait_for(lambda: streams() == 1)
    context.close()


def test_a_halt_and_a_resume_by_hand(chromium: Any, running: Served) -> None:
    from playwright.sync_api import expect

    context = chromium.new_context()
    page, other = context.new_page(), context.new_page()
    other.goto(running.url + "/")
    page.goto(running.url + "/")
    page.get_by_label("Control token").fill("wrong")
    page.get_by_role("button", name="Open the controls").click()
    expect(page.locator("h1")).to_have_text("401")
    page.goto(running.url + "/")
    page.get_by_label("Control token").fill(TOKEN)
    page.get_by_role("button", name="Open the controls").click()
    page.get_by_role("button", name=re.compile("Halt")).press("Enter")  # by keyboard
    expect(page.locator("h1")).to_have_text("Halt: done")
    expect(other.locator(".banner.urgent").first).to_contain_text("HALTED", timeout=15_000)
    assert "HALTED" in other.locator("#said").inner_text()

    page.goto(running.url + "/")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("h1")).to_have_text("Resume: done")
    page.goto(running.url + "/")
    page.get_by_role("button", name=re.compile("Flatten")).click()
    expect(page.locator("h1")).to_contain_text("Flatten STUDY")
    page.get_by_label(re.compile("Type study")).fill("live")
    page.get_by_role("button", name="Close everything and halt").click()
    expect(page.locator("h1")).to_have_text("409")
    context.close()


def test_marks_are_greyed_within_ten_seconds_of_a_killed_loop(chromium: Any, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    with paced(tmp_path, 0.3) as loop, served(tmp_path) as where:
        wait_for(lambda: where.desk.now(None))
        page = chromium.new_page()
        page.goto(where.url + "/positions")
        loop.kill()
        loop.wait(10)
        expect(page.locator(".banner.old")).to_contain_text("No marks since", timeout=10_000)
        page.close()


def test_each_chart_is_drawn_and_has_its_table(chromium: Any, day: Served) -> None:
    page = chromium.new_page()
    page.goto(day.url + "/gamma")
    page.locator(".plot canvas").first.wait_for()

    assert page.locator(".plot canvas").count() == page.locator("figure.chart details table").count() > 0
    page.close()


def test_every_verdict_is_seen_and_said_in_words(chromium: Any, day: Served) -> None:
    """A refusal stands where its column is, and not by its colour alone."""
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.goto(day.url + "/filters")
    for words in ("✓ pass", "✗ skip"):
        box = page.get_by_text(words, exact=True).first.bounding_box()
        assert box is not None
        assert 0 < box["x"] < 1280, words
        assert box["width"] > 10
    page.close()


def test_a_brokers_words_stay_text_in_the_browser(chromium: Any, tmp_path: Path) -> None:
    """No script of a reason runs, none is blocked by the policy either: it never is one. OP-507."""
    from gammacore.adapters.sqlite.storage import SqliteStorage
    from gammacore.domain.ledger import AlarmRaised, Halted

    evil = "</title></div><script>document.title='forged'</script><img src=x onerror=\"document.title='forged'\">"
    ledger = a_home_with_a_day(tmp_path, held=True)
    storage = SqliteStorage(ledger)
    at = [*storage.events()][-1].at
    storage.append([AlarmRaised(at, "broker<b>", evil), Halted(at, evil)], storage.version)
    storage.close()
    with served(tmp_path) as where:
        page = chromium.new_page()
        said: list[str] = []
        page.on("console", partial(_heard, said))
        for path in PATHS:
            page.goto(where.url + path)
            page.locator(".banner.urgent").first.wait_for()
            assert page.title().startswith("HALTED · ")
            assert page.locator("img").count() == 0
            assert evil in page.locator(".banner.urgent").first.inner_text()
        assert said == []
        page.close()


def test_a_tab_goes_on_after_the_server_was_restarted(chromium: Any, tmp_path: Path) -> None:
    """By itself, without being loaded again. OP-516."""
    from playwright.sync_api import expect

    with paced(tmp_path, 0.4):
        with served(tmp_path) as where:
            wait_for(lambda: where.desk.now(None))
            port = int(where.url.rpartition(":")[2])
            page = chromium.new_page()
            page.goto(where.url + "/system")
            page.evaluate("document.body.dataset.mine = 'still here'")
        cycles = page.locator("dt:text-is('cycles') + dd")
        before = cycles.inner_text()
        with served(tmp_path, port=port):
            expect(cycles).not_to_have_text(before, timeout=30_000)
        assert page.evaluate("document.body.dataset.mine") == "still here"
        page.close()


def test_the_title_follows_the_day_and_the_icon_says_the_mode(chromium: Any, running: Served) -> None:
    page = chromium.new_page()
    page.goto(running.url + "/positions")
    assert "STUDY · Positions · gammacore" in page.title()
    assert page.locator("link[rel=icon]").get_attribute("href") == "/static/icon-study.svg"
    page.evaluate("document.title = 'old'")
    followed = "async one => { one.dataset.title = 'newer'; await null; return document.title; }"
    assert page.locator("[data-title]").evaluate(followed) == "newer"  # before the stream draws it anew
    page.close()


def test_every_page_is_whole_on_a_holiday(chromium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_home_with_a_day(tmp_path)
    with served(tmp_path) as where:
        monkeypatch.setattr(where.desk, "session", lambda: None)
        page = chromium.new_page(viewport={"width": 320, "height": 800})
        said: list[str] = []
        page.on("console", partial(_heard, said))
        for path in PATHS:
            page.goto(where.url + path)
            assert "No session today; the next one is" in page.locator("#live").inner_text()
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert said == []
        page.close()


def test_an_old_confirmation_closes_nothing(chromium: Any, running: Served) -> None:
    """The nonce of a flatten is good once and for 30 seconds: a page that was left open asks anew."""
    from playwright.sync_api import expect

    context = chromium.new_context()
    page = context.new_page()
    page.goto(running.url + "/")
    page.get_by_label("Control token").fill(TOKEN)
    page.get_by_role("button", name="Open the controls").click()
    page.get_by_role("button", name=re.compile("Flatten")).click()
    expect(page.locator("h1")).to_contain_text("Flatten STUDY")
    page.locator("input[name=nonce]").evaluate("one => { one.value = 'used before'; }")
    page.get_by_label(re.compile("Type study")).fill("study")
    page.get_by_role("button", name="Close everything and halt").click()
    expect(page.locator("h1")).to_have_text("409")
    assert running.desk.read(None).book.flatten is None
    context.close()


def test_a_first_visit_is_painted_soon(chromium: Any, day: Served) -> None:
    """OP-514: 500 ms to the first paint, in the sweep: a machine that runs all tests at once shows its own load."""
    page = chromium.new_page()
    page.goto(day.url + "/")
    page.locator("h1").wait_for()
    (painted,) = page.evaluate("performance.getEntriesByName('first-contentful-paint').map(one => one.startTime)")
    assert painted <= (500 if extent.WHOLE else float("inf"))
    page.close()
