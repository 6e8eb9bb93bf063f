"""Every key of the view and the page changes something, and none of them a decision. OP-003."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders_page import settings_of
from gammacore.adapters.dashboard.gate import Gate
from gammacore.configuration import configure
from gammacore.configuration.settings import flatten
from gammacore.domain.ledger import Mode
from gammacore.wiring import new_token, wire_day
from gammacore.wiring.page.serve_page import page_beside, page_server


def a_page(home: Path, **keys: object) -> Any:
    new_token(settings_of(home))
    return page_server(settings_of(home, **keys))


def terms(page: Any) -> Any:
    assert isinstance(page.app, Gate)
    return page.app._terms


CHANGES: dict[str, tuple[object, Callable[[Any], object]]] = {
    "dashboard.host": ("::1", lambda page: page.address),
    "dashboard.port": (10001, lambda page: page.address),
    "dashboard.allow_hosts": (["desk"], lambda page: terms(page).allow_hosts),
    "dashboard.controls": (True, lambda page: terms(page).has_controls),
    "dashboard.trusted_proxy": ("127.0.0.2", lambda page: terms(page).trusted_proxy),
}
ELSEWHERE = {"dashboard.enabled", "view.studies", "view.judge_every"}


@pytest.mark.parametrize("key", CHANGES)
def test_a_key_changes_how_the_page_is_served(key: str, tmp_path: Path) -> None:
    value, look = CHANGES[key]

    assert look(a_page(tmp_path, **{key: value})) != look(a_page(tmp_path))


def test_every_key_is_shown_to_change_something() -> None:
    keys = {key for key, _ in flatten(settings_of(Path())) if key.startswith(("view.", "dashboard."))}

    assert keys == set(CHANGES) | ELSEWHERE


def test_none_of_them_is_part_of_a_decision() -> None:
    given = {"view.studies": True, "view.judge_every": 5, "dashboard.port": 10001, "dashboard.controls": True}

    assert configure([given]).fingerprint() == configure([{}]).fingerprint()


def test_a_study_is_published_where_asked_and_filters_are_judged_as_often_as_said(tmp_path: Path) -> None:
    quick = {"market.step_seconds": 300, "market.seed": 7}
    silent = wire_day(configure([quick]), tmp_path / "a.sqlite")
    often = wire_day(configure([{**quick, "view.studies": True, "view.judge_every": 7}]), tmp_path / "b.sqlite")
    try:
        assert silent.trade.view is None
        assert often.trade.view is not None
        assert often.trade.view._rules.judge_every == 7
    finally:
        silent.close()
        often.close()


def test_a_day_in_real_time_starts_the_page_where_it_is_enabled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    class Child:
        def __init__(self, command: list[str], **_: object) -> None:
            started.append(command)

        def terminate(self) -> None: ...

        def wait(self, _seconds: float) -> None: ...

    monkeypatch.setattr(subprocess, "Popen", Child)
    for enabled, mode in ((True, Mode.PAPER), (True, Mode.STUDY), (False, Mode.PAPER)):
        with page_beside(settings_of(tmp_path, **{"dashboard.enabled": enabled}), ("--config", "x.toml"), mode):
            pass

    assert [command[-4:] for command in started] == [["dashboard", "--quiet", "--config", "x.toml"]]
