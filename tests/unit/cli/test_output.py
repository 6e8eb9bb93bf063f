"""What is printed: whole on a narrow terminal, legible in another locale, letter by letter where it is a sentence."""

from __future__ import annotations

import io
import json
import sys
from decimal import Decimal

import pytest
from rich.table import Table

from gammacore_cli.output import emit, show


def said_in(encoding: str, monkeypatch: pytest.MonkeyPatch, document: dict[str, object], *, as_json: bool) -> str:
    """What reaches a stdout of that encoding."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    table = Table("✓ → ∞", "value")
    table.add_row(*map(str, document.values()))
    emit(document, as_json, lambda: table)
    sys.stdout.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ["latin-1", "cp437", "koi8-r"])
def test_a_locale_without_our_lines_gets_others_and_no_fault(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day that was traded must end in its report, wherever the terminal stands."""
    said = said_in(encoding, monkeypatch, {"a": "12.50", "b": "– 7 × 2"}, as_json=False)

    assert "12.50" in said
    assert "7" in said


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_json_is_the_same_document_in_every_locale(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document: dict[str, object] = {"why": "price − pin → 5 × 2", "money": Decimal("1.50")}

    assert json.loads(said_in(encoding, monkeypatch, document, as_json=True)) == {**document, "money": "1.50"}


def test_a_sentence_is_printed_letter_by_letter_and_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path may have brackets, which are no markup, and spaces, at which nothing is broken."""
    monkeypatch.setenv("COLUMNS", "40")
    sentence = f"/tmp/a [bold] folder/{'long ' * 20}day.sqlite: 7 events, every checksum holds"

    show(sentence)

    assert capsys.readouterr().out == f"{sentence}\n"


def test_a_narrow_terminal_cuts_no_number(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """cli.md: people read tables; half a balance is none."""
    monkeypatch.setenv("COLUMNS", "30")
    table = Table()
    for name in ("balance", "realised", "drawdown"):
        table.add_column(name, no_wrap=True)
    table.add_row("$19,894.60", "-$105.40", "$105.40 (0.5%)")

    show(table)

    said = capsys.readouterr().out
    assert all(amount in said for amount in ("$19,894.60", "-$105.40", "$105.40 (0.5%)"))
