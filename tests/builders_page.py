"""The page served on a free port of this machine over a home, and studies that run while it is looked at."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import frozen

from gammacore.adapters.dashboard.app import READ_ONLY, make_app
from gammacore.adapters.dashboard.security import Terms
from gammacore.configuration import Settings, configure
from gammacore.domain.holdings.holding import is_spread
from gammacore.wiring import wire_day
from gammacore.wiring.page.dashboard import HomeDesk
from gammacore.wiring.page.serve_page import server_settings

SEED = {"market.seed": 7, "market.step_seconds": 60}
CHILD = Path(__file__).with_name("paced_child.py")
CHROMIUM = shutil.which("chromium")


@frozen
class Served:
    """Where the page is, and what it is shown from."""

    url: str
    desk: HomeDesk

    def get(self, path: str, **headers: str) -> httpx.Response:
        """What the page answers. Without reading the certificates of TLS, which cost ten times what the page does."""
        return httpx.get(self.url + path, headers=headers, timeout=60, verify=False)


def settings_of(home: Path, **keys: object) -> Settings:
    return configure([{"storage.home": home, **keys}]).settings


@contextmanager
def served(home: Path, terms: Terms = READ_ONLY, port: int = 0, **keys: object) -> Iterator[Served]:
    """The page over a home until the block ends, on a free port unless one is given."""
    import socket

    import uvicorn

    desk = HomeDesk(settings_of(home, **keys))
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(64)
    server = uvicorn.Server(server_settings(make_app(desk, terms)))
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
    thread.start()
    wait_for(lambda: server.started)
    try:
        yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", desk)
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
        listening.close()


def wait_for(done: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What `done` says once it says something; looked at often, never longer than `seconds`."""
    until, pause = time.monotonic() + seconds, threading.Event()
    while not (found := done()):
        assert time.monotonic() < until, "waited in vain"
        pause.wait(0.05)
    return found


def a_home_with_a_day(home: Path, *, held: bool = False, **keys: object) -> Path:
    """A home with one published study: a whole day, or one left with a spread held. Returns its ledger."""
    ledger = home / "runs" / "day.sqlite"
    ledger.parent.mkdir(parents=True, exist_ok=True)
    day = wire_day(configure([{**SEED, "view.studies": True, "view.judge_every": 600, **keys}]), ledger)
    if held:
        day.trade.run_until(lambda book: any(is_spread(one) and not one.is_flat for one in book.live_holdings))
    else:
        day.trade()
    day.close()
    return ledger


@contextmanager
def paced(home: Path, seconds: float | None = 0.3, **keys: object) -> Iterator[subprocess.Popen[str]]:
    """A study that shows each look for so many seconds, in a process of its own.

    Without seconds it waits for nothing until it holds something, and then in that look to the end.
    """
    ledger = home / "runs" / "r.sqlite"
    ledger.parent.mkdir(parents=True, exist_ok=True)
    texts = {key: str(value) for key, value in {**SEED, "storage.home": home, **keys}.items()}
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(ledger), str(seconds or 0), json.dumps(texts), *(["stays"] * (not seconds))],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "begins"
        yield child
    finally:
        child.kill()
        child.wait(10)
        if child.stdout is not None:
            child.stdout.close()


def needs_browser() -> pytest.MarkDecorator:
    """Skip where no browser is, with the reason; CI runs it or fails."""
    try:
        import playwright  # noqa: F401

        missing = "" if CHROMIUM else "Debian's chromium is not installed"
    except ImportError:
        missing = "playwright is not installed (dependency group browser)"
    return pytest.mark.skipif(bool(missing) and os.environ.get("CI") != "true", reason=missing or "there")


@contextmanager
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright; its own browser is never downloaded. OP-516."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        try:
            yield chromium
        finally:
            chromium.close()
