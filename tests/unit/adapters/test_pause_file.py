"""The pause file: absent is open, unreadable is a pause nobody understood."""

import json
from pathlib import Path

import pytest

from builders import at
from gammacore.adapters.pause_file import PauseFile
from gammacore.domain.risk.pause import Pause, UnreadablePause


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pause.json"


def test_no_file_is_no_pause(path: Path) -> None:
    """CS-354."""
    assert PauseFile(path).read() is None


@pytest.mark.parametrize("name", ["expires", "expires_at"])
@pytest.mark.parametrize("written", ["2026-01-05T10:30:00-05:00", "2026-01-05T15:30:00Z"])
def test_reason_and_end_are_read(path: Path, name: str, written: str) -> None:
    """CS-354."""
    path.write_text(json.dumps({"reason": "CPI", name: written}))

    assert PauseFile(path).read() == Pause("CPI", at("10:30"))


@pytest.mark.parametrize("content", [{"reason": "away"}, {"reason": "away", "expires": None}])
def test_without_an_end_it_holds(path: Path, content: dict[str, object]) -> None:
    """CS-354."""
    path.write_text(json.dumps(content))

    assert PauseFile(path).read() == Pause("away", None)


def test_a_pause_needs_no_reason(path: Path) -> None:
    path.write_text("{}")

    assert PauseFile(path).read() == Pause("no reason given", None)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '"pause"', '{"expires": "tomorrow"}', '{"expires": 1767625200}',
     '{"expires": "2026-01-05T10:30:00"}', "[" * 200_000],
    ids=["empty", "cut off", "a list", "a word", "no time", "a number", "no offset", "nested without end"],
)  # fmt: skip
def test_what_cannot_be_read_is_reported_with_the_file(path: Path, content: str) -> None:
    """CS-313: closed."""
    path.write_text(content)

    pause = PauseFile(path).read()

    assert isinstance(pause, UnreadablePause)
    assert pause.detail.startswith(str(path))


def test_bytes_that_are_no_text_and_folders_are_unreadable(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")

    assert isinstance(PauseFile(path).read(), UnreadablePause)
    assert isinstance(PauseFile(tmp_path).read(), UnreadablePause)
