"""The pictures of a day from any folder and without its options: view, noted market, beside the ledger. OP-107."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gammacore.configuration import configure
from gammacore.wiring import wire_day
from gammacore_cli.main import gammacore

pytestmark = pytest.mark.xdist_group("charts found again")  # what the file sets up is set up by one worker

DAY = "2026-03-03"
ENTERED = ("--seed", "57", "--step", "300")
TRADED = ("--underlying", "SPX", "--vix", "15.5")

WHOLE = 5
"""Pictures of that day: price, balance, dealer gamma, and the costs of each of two trades."""


def write_table(path: Path) -> None:
    """The simulated day as a vendor's table of chains, every five minutes."""
    day = wire_day(configure([{"market.seed": 57, "market.step_seconds": 300, "market.date": DAY}]))
    rows = ["quote_ts,expiry,type,strike,bid,ask,spot,open_interest,iv,gamma"]
    for minutes in range(0, 390, 5):
        seen = day.market.snapshot(day.session.open + dt.timedelta(minutes=minutes))
        assert seen.chain is not None
        for row in zip(*seen.chain.columns().values(), strict=True):
            of = dict(zip(seen.chain.columns(), row, strict=True))
            figures = (of["strike"], of["bid"], of["ask"], seen.spot, int(of["open_interest"]), of["iv"], of["gamma"])
            rows.append(f"{seen.at.isoformat()},{of['expiry']},{of['right']}," + ",".join(map(str, figures)))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two ledgers of one recorded day, traded from the folder of the recording; one of them publishes its view."""
    place = tmp_path_factory.mktemp("traded")
    (place / "data").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place / "data")
        write_table(Path("day.csv"))
        for ledger, published in (("plain", "false"), ("viewed", "true")):
            options = ("--market", "csv:day.csv", *TRADED, "--ledger", str(place / f"{ledger}.sqlite"))
            run(place, "trade", *options, GAMMACORE_VIEW__STUDIES=published)
    return place


@pytest.fixture
def place(traded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy to move things in; the notes name the folder the day was traded in, which is there and then not."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for ledger in ("plain", "viewed"):
        for one in traded.glob(f"{ledger}.sqlite*"):
            copy = shutil.copytree if one.is_dir() else shutil.copy
            copy(one, tmp_path / one.name)
    recording = traded / "data" / "day.csv"
    yield tmp_path
    if (hidden := recording.with_name("hidden")).exists():
        hidden.rename(recording)


def hide(traded: Path) -> None:
    (traded / "data" / "day.csv").rename(traded / "data" / "hidden")


def run(home: Path, *arguments: str, **environment: str) -> str:
    variables = {"GAMMACORE_HOME": str(home / "home"), **environment}
    answer = CliRunner().invoke(gammacore, [*arguments], env=variables, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.stderr


def page_of(place: Path, ledger: str, *options: str) -> tuple[str, str]:
    """The page, and what was said on stderr."""
    said = run(place, "report", "--ledger", str(place / f"{ledger}.sqlite"), "--day", DAY, "--html", "x.html", *options)
    return Path("x.html").read_text(encoding="utf-8"), said


def test_the_market_is_found_by_the_path_noted_at_the_start(traded: Path, place: Path) -> None:
    page, said = page_of(place, "plain")

    assert page.count("<svg") == WHOLE
    assert "Not drawn" not in page + said
    noted = json.loads((traded / "plain.sqlite.markets.json").read_text(encoding="utf-8"))[DAY]
    assert noted["settings"]["market.source"] == f"csv:{traded / 'data' / 'day.csv'}"


def test_the_market_is_found_beside_the_ledger(traded: Path, place: Path) -> None:
    shutil.copy(traded / "data" / "day.csv", place / "day.csv")
    hide(traded)

    page, _ = page_of(place, "plain")

    assert page.count("<svg") == WHOLE


def test_the_market_is_found_where_it_is_named(traded: Path, place: Path) -> None:
    shutil.copy(traded / "data" / "day.csv", place / "elsewhere" / "moved.csv")
    hide(traded)

    page, _ = page_of(place, "plain", "--market", "csv:moved.csv")

    assert page.count("<svg") == WHOLE - 1  # its label is another: not the market that was traded
    shutil.move(place / "elsewhere" / "moved.csv", place / "elsewhere" / "day.csv")
    assert page_of(place, "plain", "--market", "csv:day.csv")[0].count("<svg") == WHOLE


def test_what_is_missing_is_named_in_the_place_of_the_chart(traded: Path, place: Path) -> None:
    hide(traded)

    page, said = page_of(place, "plain")

    assert page.count("<svg") == WHOLE - 1
    missing = f"{traded / 'data' / 'day.csv'} is not there; name it by --market, or put it beside the ledger"
    assert f"<p>Not drawn: {missing}.</p>" in page
    assert f"The line joins the prices the ledger holds, for {missing}." in page
    assert missing in said


def test_a_file_that_holds_something_else_is_not_believed(traded: Path, place: Path) -> None:
    notes = place / "plain.sqlite.markets.json"
    noted = json.loads(notes.read_text(encoding="utf-8"))
    noted[DAY]["content"] = "0" * 64
    notes.write_text(json.dumps(noted), encoding="utf-8")

    page, said = page_of(place, "plain")

    assert page.count("<svg") == WHOLE - 1
    assert "day.csv holds something else than was traded" in page
    assert "day.csv holds something else than was traded" in said


@pytest.mark.parametrize("text", ["", "[]", "{", f'{{"{DAY}": 7}}', f'{{"{DAY}": {{"settings": {{"no.key": "1"}}}}}}'])
def test_notes_that_cannot_be_read_cost_a_picture_and_no_report(text: str, place: Path) -> None:
    (place / "plain.sqlite.markets.json").write_text(text, encoding="utf-8")

    page, said = page_of(place, "plain")

    assert page.count("<svg") == WHOLE - 1
    assert "csv:day.csv is not at hand; name it by --market" in page + said


def test_the_view_gives_the_charts_where_the_market_is_gone(traded: Path, place: Path) -> None:
    hide(traded)

    page, said = page_of(place, "viewed")

    assert page.count("<svg") == WHOLE
    assert "As published through the day" in page
    assert "Not drawn" not in page + said
    assert "The line joins" not in page

    shutil.rmtree(place / "viewed.sqlite.view")
    page, said = page_of(place, "viewed")
    assert page.count("<svg") == WHOLE - 1
    assert "day.csv is not there" in said


def test_an_ordinary_simulated_day_needs_no_note(tmp_path: Path) -> None:
    run(tmp_path, "trade", *ENTERED, "--date", DAY, "--ledger", str(tmp_path / "a.sqlite"))
    assert not (tmp_path / "a.sqlite.markets.json").exists()


def test_a_simulated_day_with_settings_of_its_own_is_drawn_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(tmp_path, "trade", *ENTERED, "--date", DAY, "--vix", "15.5", "--ledger", str(tmp_path / "plain.sqlite"))

    assert page_of(tmp_path, "plain")[0].count("<svg") >= 3
    assert "The line joins" not in page_of(tmp_path, "plain")[0]


def test_a_note_is_no_part_of_the_ledger(traded: Path, tmp_path: Path) -> None:
    """R14: the same day from another folder is the same ledger, byte for byte in its events."""
    from gammacore import open_ledger

    copied = shutil.copy(traded / "data" / "day.csv", tmp_path / "day.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        run(
            tmp_path,
            "trade",
            "--market",
            f"csv:{copied}",
            *TRADED,
            "--ledger",
            "other.sqlite",
        )

    assert open_ledger(tmp_path / "other.sqlite").events() == open_ledger(traded / "plain.sqlite").events()
