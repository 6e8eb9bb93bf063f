"""The page's server: what it answers and refuses, also when nothing trades. OP-501..515, SC-901..910."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders_page import Served, a_home_with_a_day, paced, served, settings_of, wait_for
from gammacore.adapters.dashboard.api import ROUTES
from gammacore.adapters.dashboard.pages import PATHS
from gammacore.adapters.dashboard.security import Keys, Refused, Terms
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.holdings.holding import is_spread
from gammacore.domain.ledger import LedgerOpened, Mode
from gammacore.wiring import book_of, new_token, page_server
from gammacore.wiring.page.serve_page import without_credentials

TOKEN = "the token of these tests"
CONTROLS = Terms(controls=True, token_hash=hashlib.sha256(TOKEN.encode()).hexdigest())
BEARER = {"Authorization": f"Bearer {TOKEN}"}
AT = dt.datetime(2026, 3, 2, 15, tzinfo=dt.UTC)
PLACES = [path.replace("{date}", "2026-03-03") for path in PATHS]


def an_account(home: Path, mode: Mode) -> Path:
    ledger = home / mode.value / "paper.sqlite"
    ledger.parent.mkdir(parents=True)
    storage = SqliteStorage(ledger)
    storage.append([LedgerOpened(AT, "paper", mode, "a" * 16, Decimal(20000))], 0)
    storage.close()
    return ledger


def get(page: Served, path: str, **headers: str) -> httpx.Response:
    return page.get(path, **headers)


def sums(home: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in home.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    a_home_with_a_day(home)
    with served(home) as page:
        yield page


# -- an empty home -----------------------------------------------------------------------------------------------------


def test_every_route_answers_on_an_empty_home_which_stays_empty(tmp_path: Path) -> None:
    """Acceptance 14."""
    with served(tmp_path) as page:
        for path in (*ROUTES, *PLACES, "/health", "/metrics", "/api/system", "/journal.csv"):
            assert get(page, path).status_code == 200, path
        assert "gammacore trade" in get(page, "/").text
        assert get(page, "/health").json()["status"] == "healthy"
        assert get(page, "/api/performance").json() == {
            "days": [], "actuals": [], "cumulativeCapital": [], "winRate": 0.0, "totalTrades": 0,
        }  # fmt: skip
        year = get(page, "/api/performance/yearly").json()
        assert {name: len(rows) for name, rows in year.items()} == dict.fromkeys(
            ("months", "monthlyPnL", "cumulativeCapital", "monthlyReturns"), 12
        )
        found = get(page, "/api/metrics").json()
        assert found["database_stats"] == {"total_trades": 0, "trades_today": 0}
        assert found["cache_stats"]["cache_sizes"] == dict.fromkeys(("quotes", "options", "snapshots", "bars"))
        assert found["loop_stats"] == {
            "quotes_per_second": None,
            "decision_ms_p50": None,
            "decision_ms_p99": None,
            "slots": {},
        }
        assert get(page, "/api/trades").json() == []
        status = get(page, "/api/status").json()
        assert set(status) == {
            "mode", "active_strategy", "state", "volatility", "regime", "daily_pnl", "consecutive_losses", "halted",
            "halt_reason", "positions", "net_delta", "risk_level", "signals", "orders_in_flight",
        }  # fmt: skip
        assert (status["halted"], status["positions"], status["orders_in_flight"]) == (False, [], 0)
    assert list(tmp_path.iterdir()) == []


def test_only_get_and_head_and_only_this_machines_names(tmp_path: Path) -> None:
    with served(tmp_path) as page:
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            refused = httpx.request(method, page.url + "/")
            assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
        assert httpx.head(page.url + "/").status_code == 200
        assert httpx.post(page.url + "/controls/halt").status_code == 405
        assert get(page, "/", Host="evil.example").status_code == 400
        assert get(page, "/", Host="evil.example:10000").status_code == 400
        assert get(page, "/", Host="localhost").status_code == 200
        assert get(page, "/nowhere").status_code == 404


def test_every_answer_has_the_headers(tmp_path: Path) -> None:
    with served(tmp_path) as page:
        for path in ("/", "/api/status", "/nowhere", "/static/page.js"):
            headers = get(page, path).headers
            assert headers["content-security-policy"].startswith(
                "default-src 'none'; script-src 'self'; style-src 'self'"
            )
            assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
            assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
        assert get(page, "/").headers["cache-control"] == "no-store"
        assert "server" not in get(page, "/").headers


# -- a day -------------------------------------------------------------------------------------------------------------


def test_the_documents_of_a_day(day: Served) -> None:
    days = get(day, "/api/days").json()["days"]
    (row,) = days
    shown = get(day, "/api/day?date=2026-03-03").json()
    trades = get(day, "/api/trades?limit=500").json()

    assert row["date"] == "2026-03-03"
    assert sum(one["realized_pnl"] for one in trades) == pytest.approx(row["net"])
    assert shown["day"]["trades"]
    assert len(shown["course"]) > 300
    assert [one["status"] for one in trades] == ["closed"] * len(trades)
    assert set(trades[0]) == {
        "position_id", "symbol", "option_symbol", "option_type", "signal_type", "entry_time", "entry_price",
        "contracts", "exit_time", "exit_price", "exit_reason", "realized_pnl", "status",
    }  # fmt: skip
    assert get(day, "/api/exposure").json()["course"][100]["net"] is not None
    assert any(one["code"] == "trend_move" for one in get(day, "/api/journal?date=2026-03-03").json()["entries"])
    assert get(day, "/journal.csv").text.splitlines()[0] == "date,at,kind,strategy,code,text"


@pytest.mark.parametrize("limit", ["0", "501", "-1", "x", "1.5", ""])
def test_a_limit_of_trades_is_1_to_500(day: Served, limit: str) -> None:
    refused = get(day, f"/api/trades?limit={limit}")

    assert (refused.status_code, set(refused.json())) == (400, {"error"})


def test_only_ledgers_that_are_listed_may_be_asked_for(day: Served) -> None:
    assert get(day, "/api/status?ledger=runs/day.sqlite").status_code == 200
    for name in ("/etc/passwd", "../day.sqlite", "runs/none.sqlite", "firestore:x"):
        assert get(day, f"/api/status?ledger={name}").status_code == 404


def test_metrics_answer_a_monitor_and_a_person(day: Served) -> None:
    text, page = get(day, "/metrics").text, get(day, "/metrics", Accept="text/html")

    assert 'gammacore_up{mode="study"} 1.0' in text
    assert 'gammacore_orders_total{mode="study",outcome="filled"}' in text
    for name in ("loop_running", "halted", "day_pnl_dollars", "open_holdings", "alerts_failed_total", "ledger_bytes",
                 "disk_free_bytes", "backup_age_seconds", "quote_age_seconds", "last_cycle_age_seconds"):  # fmt: skip
        assert f"gammacore_{name}" in text
    assert page.headers["content-type"].startswith("text/html")


def test_a_damaged_ledger_names_its_repair_and_the_others_stay(tmp_path: Path) -> None:
    an_account(tmp_path, Mode.PAPER)
    broken = an_account(tmp_path, Mode.LIVE)
    raw = broken.read_bytes()
    assert b"20000" in raw
    broken.write_bytes(raw.replace(b"20000", b"90000"))  # the checksum tells
    with served(tmp_path) as page:
        found = get(page, "/?ledger=live/paper.sqlite").text
        assert "cannot be read" in found
        assert get(page, "/api/days").json()["unread"]
        assert get(page, "/api/status?ledger=paper/paper.sqlite").json()["mode"] == "paper"
        assert get(page, "/health?ledger=live/paper.sqlite").json()["status"] == "degraded"
        assert get(page, "/health?ledger=live/paper.sqlite&strict=1").status_code == 503


def test_a_missing_view_loses_pictures_only(tmp_path: Path) -> None:
    ledger = a_home_with_a_day(tmp_path, held=True)
    shutil.rmtree(ledger.with_name("day.sqlite.view"))
    with served(tmp_path) as page:
        found = get(page, "/api/positions").json()
        assert (found["holdings"], found["marked_at"], len(found["held"])) == ([], None, 1)
        for path in PLACES:
            assert get(page, path).status_code == 200


def test_words_of_others_stay_text(tmp_path: Path) -> None:
    ledger = a_home_with_a_day(tmp_path, held=True)
    from gammacore.domain.ledger import AlarmRaised, Halted

    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    storage = SqliteStorage(ledger)
    at = wait_for(lambda: book_of(settings_of(tmp_path), ledger).last_at)
    storage.append([Halted(at, evil), AlarmRaised(at, "broker", evil)], storage.version)
    storage.close()
    with served(tmp_path) as page:
        for path in PLACES:
            text = get(page, path).text
            assert evil not in text
            assert "<img src=x" not in text
        assert "&lt;script&gt;alert(1)" in get(page, "/").text


# -- a running day -----------------------------------------------------------------------------------------------------


def held(page: Served) -> bool:
    return any(is_spread(one) and not one.is_flat for one in page.desk.read(None).book.live_holdings)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Served]:
    an_account(tmp_path, Mode.LIVE)
    with paced(tmp_path, 0.25), served(tmp_path, CONTROLS) as page:
        wait_for(lambda: page.desk.read(None).version > 1)
        yield page


def test_marks_and_levels_are_those_of_status(tmp_path: Path) -> None:
    """Acceptance 15."""
    with paced(tmp_path, None, **{"market.step_seconds": 120}), served(tmp_path) as page:
        wait_for(lambda: held(page) and get(page, "/api/positions").json()["holdings"], 60)
        found = get(page, "/api/positions").json()
        (shown,) = found["holdings"]
        (spread,) = (one for one in page.desk.read(None).book.live_holdings if is_spread(one))
        levels = {one["rule"]: one["price"] for one in shown["levels"]}

        assert levels["stop_loss"] == float(spread.plan.policy.advertised_stop(spread.credit))
        assert levels["profit_target"] <= float(
            spread.plan.policy.advertised_target(spread.credit, spread.plan.confidence)
        )
        assert not found["grey"]
        assert found["mode"] == "study"


def post(page: Served, path: str, form: Any = None, **headers: str) -> httpx.Response:
    return httpx.post(page.url + path, json={"ledger": "runs/r.sqlite", **(form or {})}, headers=headers, timeout=20)


def test_controls_are_checked_in_their_order(running: Served) -> None:
    """Acceptance 16."""
    assert post(running, "/controls/halt").status_code == 401
    assert post(running, "/controls/halt", Authorization="Bearer wrong").status_code == 401
    assert post(running, "/controls/halt", **BEARER, Origin="http://evil.example").status_code == 403
    assert post(running, "/controls/halt", **BEARER, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert post(running, "/controls/halt", **BEARER, Origin="null").status_code == 403
    assert post(running, "/controls/halt", {"reason": "x" * 5000}, **BEARER).status_code == 413
    wrong = httpx.post(running.url + "/controls/halt", content=b"x", headers={**BEARER, "content-type": "text/plain"})
    assert wrong.status_code == 415
    assert running.desk.read(None).book.halted is None

    began = dt.datetime.now(dt.UTC)
    done = post(running, "/controls/halt", {"reason": "drill"}, **BEARER)
    assert (done.status_code, done.json()["done"]) == (200, True)
    assert dt.datetime.now(dt.UTC) - began < dt.timedelta(seconds=4)
    assert running.desk.read(None).book.halted == "drill"
    assert get(running, "/api/status").json()["halt_reason"] == "drill"

    assert post(running, "/controls/resume", **BEARER).json()["done"]
    assert running.desk.read(None).book.halted is None

    preview = post(running, "/controls/flatten", **BEARER)
    assert (preview.status_code, preview.json()["mode"]) == (200, "study")
    assert running.desk.read(None).book.flatten is None
    nonce = preview.json()["nonce"]
    flat = post(running, "/controls/flatten", {"nonce": nonce, "mode": "study"}, **BEARER)
    assert (flat.status_code, flat.json()["done"]) == (200, True)
    wait_for(lambda: not held(running))
    assert running.desk.read(None).book.halted is not None
    assert post(running, "/controls/flatten", {"nonce": nonce, "mode": "study"}, **BEARER).status_code == 409
    live = post(running, "/controls/resume", {"ledger": "live/paper.sqlite"}, **BEARER)
    assert live.status_code == 403


def test_letters_of_any_kind_are_refused_and_never_a_fault(running: Served) -> None:
    """A half surrogate, letters beyond ASCII, a line end in a reason: 401, 403, one printable line."""
    odd = "\udcff\u00e9\u202e"
    assert httpx.post(
        running.url + "/session", content=json.dumps({"token": odd}), headers={"content-type": "application/json"}
    ).status_code == 401  # fmt: skip
    with httpx.Client(base_url=running.url, timeout=60) as browser:
        browser.post("/session", data={"token": TOKEN})
        for csrf in ("é.é", "..", "é" * 200):
            assert browser.post("/controls/halt", data={"ledger": "runs/r.sqlite", "csrf": csrf}).status_code == 403
    done = post(running, "/controls/halt", {"reason": "a\r\n2026 CRITICAL\u202e forged\x1b[2J"}, **BEARER)
    assert done.json()["reason"] == "a 2026 CRITICAL forged [2J"
    assert running.desk.read(None).book.halted == "a 2026 CRITICAL forged [2J"


def test_a_flatten_needs_the_mode_typed(running: Served) -> None:
    nonce = post(running, "/controls/flatten", **BEARER).json()["nonce"]

    assert post(running, "/controls/flatten", {"nonce": nonce, "mode": "live"}, **BEARER).status_code == 409
    assert running.desk.read(None).book.flatten is None


def test_without_a_loop_a_halt_waits_and_the_others_are_refused(tmp_path: Path) -> None:
    an_account(tmp_path, Mode.PAPER)
    before = sums(tmp_path)
    with served(tmp_path, CONTROLS) as page:
        form = {"ledger": "paper/paper.sqlite"}
        assert post(page, "/controls/flatten", form, **BEARER).status_code == 409
        assert post(page, "/controls/resume", form, **BEARER).status_code == 409
        assert sums(tmp_path) == before
        assert post(page, "/controls/halt", form, **BEARER).status_code == 202
    after = sums(tmp_path)
    assert {path: after[path] for path in before} == before  # the ledger itself is as it was


def test_a_browser_needs_its_cookie_and_the_pages_own_token(running: Served) -> None:
    with httpx.Client(base_url=running.url) as browser:
        assert browser.post("/session", data={"token": "wrong"}).status_code == 401
        began = browser.post("/session", data={"token": TOKEN})
        assert began.status_code == 303
        cookie = began.headers["set-cookie"]
        assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/"))
        form = {"ledger": "runs/r.sqlite", "reason": "from a form"}
        assert browser.post("/controls/halt", data=form).status_code == 403
        page = browser.get("/").text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        assert TOKEN not in page
        assert browser.post("/controls/halt", data={**form, "csrf": csrf}).json()["done"]


def test_wrong_tokens_run_out_and_the_right_one_always_gets_in() -> None:
    keys = Keys(CONTROLS.token_hash, timer=lambda: 0.0)
    answers = []
    for _ in range(12):
        with pytest.raises(Refused) as refused:
            keys.check_token("wrong")
        answers.append(refused.value.status)
    keys.check_token(TOKEN)

    assert answers == [401] * 10 + [429] * 2


def test_a_nonce_is_good_once_for_30_seconds_and_its_ledger() -> None:
    now = [0.0]
    keys = Keys("", timer=lambda: now[0])
    first, second, third = keys.nonce("a"), keys.nonce("a"), keys.nonce("a")
    keys.use_nonce(first, "a")
    for nonce, subject, later in ((first, "a", 0), (second, "b", 0), (third, "a", 31)):
        now[0] += later
        with pytest.raises(Refused) as refused:
            keys.use_nonce(nonce, subject)
        assert refused.value.status == 409


def test_a_session_ends_after_12_hours_and_after_half_an_hour_idle() -> None:
    now = [0.0]
    keys = Keys("", timer=lambda: now[0])
    idle, busy = keys.begin(), keys.begin()
    now[0] += 1801
    assert keys.session(idle) is None
    for _ in range(30):
        busy_before = keys.session(busy)
        now[0] += 1700
    assert busy_before is None or keys.session(busy) is None


def test_others_are_asked_for_the_token_and_for_https(tmp_path: Path) -> None:
    exposed = Terms(("desk.example",), True, CONTROLS.token_hash, exposed=True)
    with served(tmp_path, exposed) as page:
        assert get(page, "/health", Host="desk.example").status_code == 200
        assert get(page, "/", Host="desk.example").status_code == 401
        assert get(page, "/api/status", **BEARER).status_code == 200
        assert post(page, "/controls/halt", **BEARER).status_code == 403


# -- how it is started -------------------------------------------------------------------------------------------------


def test_an_exposed_page_needs_a_token_and_names(tmp_path: Path) -> None:
    from gammacore.errors import ConfigurationError

    for keys in ({"dashboard.host": "0.0.0.0"}, {"dashboard.controls": True}):
        with pytest.raises(ConfigurationError, match="token"):
            page_server(settings_of(tmp_path, **keys))
    token = new_token(settings_of(tmp_path))
    kept = tmp_path / "dashboard.token"
    assert (len(token) >= 43, kept.stat().st_mode & 0o777) == (True, 0o600)
    assert token not in kept.read_text()
    served_by = page_server(settings_of(tmp_path, **{"dashboard.host": "0.0.0.0", "dashboard.allow_hosts": ["desk"]}))
    assert "ssh -L" in served_by.advice


def test_the_page_gets_no_credential() -> None:
    secrets = dict.fromkeys(
        ("TRADIER_TOKEN", "TRADIER_ACCOUNT", "TRADIER_SANDBOX_TOKEN", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY",
         "ALPACA_API_KEY", "DISCORD_WEBHOOK_URL", "GOOGLE_APPLICATION_CREDENTIALS"), "secret",
    )  # fmt: skip

    assert without_credentials({**secrets, "GAMMACORE_HOME": "h"}) == {"GAMMACORE_HOME": "h"}


def test_what_is_vendored_is_what_it_says() -> None:
    from importlib.resources import files

    folder = files("gammacore.adapters.dashboard").joinpath("static", "vendor")
    listed = [line.split() for line in folder.joinpath("SHA256SUMS").read_text().splitlines()]

    assert len(listed) == 3
    for known, name in listed:
        assert hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() == known
    own = files("gammacore.adapters.dashboard").joinpath("static")
    assert len(own.joinpath("page.js").read_bytes()) <= 20_000
    assert len(own.joinpath("page.css").read_bytes()) <= 12_000


# -- events ------------------------------------------------------------------------------------------------------------


def test_events_say_how_it_stands_and_what_changes(running: Served) -> None:
    kinds, ids = set(), []
    with httpx.stream("GET", running.url + "/events?ledger=runs/r.sqlite", timeout=20) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert get(running, "/api/system").json()["streams"] == 1
        for line in stream.iter_lines():
            if line.startswith("event: "):
                kinds.add(line[7:])
            if line.startswith("id: "):
                ids.append(int(line[4:]))
            if line.startswith("data: "):
                json.loads(line[6:])
            if kinds >= {"now", "ledger", "halt"} and len(ids) >= 1:
                break
            if len(ids) == 1 and "halt" not in kinds and kinds == {"now", "ledger"}:
                post(running, "/controls/halt", {"reason": "drill"}, **BEARER)

    assert ids
    assert wait_for(lambda: get(running, "/api/system").json()["streams"] == 0)
