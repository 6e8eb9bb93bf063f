"""Every bad input ends in one sentence and the right exit code; nothing is lost, nothing is written. cli.md, R6, R8."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders_cli import CommandLine, at_home, begun, book_of, rows
from gammacore_cli.main import EXIT_DONE, EXIT_FAILED, EXIT_USAGE

HEADER = ("quote_ts", "spot", "expiry", "type", "strike", "bid", "ask", "iv", "gamma", "open_interest")
SPY = ("--underlying", "SPY", "--date", "2026-08-19", "--vix", "15")
LEDGER_COMMANDS = (
    "trade",
    "plan",
    "status",
    "journal",
    "report",
    "reconcile",
    "halt",
    "resume",
    "flatten",
    "ledger verify",
)


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def chain(**wrong: str) -> str:
    """A day of SPY in snapshots a quarter of an hour apart; every cell of the columns named is replaced."""
    return "\n".join([",".join(HEADER), *(",".join({**row, **wrong}.values()) for row in chain_rows())]) + "\n"


def chain_rows() -> Iterator[dict[str, str]]:
    for minute in range(570, 960, 15):
        for strike in range(762, 779):
            for right in ("C", "P"):
                intrinsic = max(0, (770 - strike) * (1 if right == "C" else -1))
                mid = intrinsic + max(0.06, 1.5 - abs(strike - 770) * 0.18)
                interest = (100 + (2000 if strike == 772 else 0)) // (1 if right == "C" else 3)
                cells = (f"2026-08-19T{minute // 60:02d}:{minute % 60:02d}:00", "770", "2026-08-19", right, str(strike),
                         f"{mid - 0.02:.2f}", f"{mid + 0.02:.2f}", "0.12", "0.05", str(interest))  # fmt: skip
                yield dict(zip(HEADER, cells, strict=True))


def renamed(column: str, name: str) -> str:
    return chain().replace(f"{column},", f"{name},", 1) if column != "open_interest" else chain().replace(column, name)


def nothing_written() -> bool:
    return not [path for path in Path().rglob("*") if path.is_file() and path.suffix not in (".csv", ".gz")]


def test_the_good_table_trades(gammacore: CommandLine) -> None:
    """What the cases below spoil."""
    Path("chain.csv").write_text(chain())

    day = gammacore.document("trade", "--market", "csv:chain.csv", *SPY)

    assert day["finished"]
    assert not {"quotes_missing", "price_missing", "pin_missing"} & set(day["skipped"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (chain(strike="nan"), "no usable row of SPY on 2026-08-19: 0 of 884 rows used; 884 unusable_strike (first"),
        (chain(strike="-770"), "unusable_strike (first in line 2)"),
        (chain(type="X"), "unreadable_right (first in line 2)"),
        (chain(quote_ts="noon"), "unreadable_time (first in line 2)"),
        (chain(expiry="friday"), "unreadable_expiry (first in line 2)"),
        (chain(expiry="2026-08-2x"), "unreadable_expiry"),
        (renamed("ask", "offer"), "column ask is missing; it has quote_ts, spot"),
        (renamed("strike", "strk"), "did you mean strk?"),
        (renamed("quote_ts", "time"), "column quote_ts is missing"),
        ("", "the file is empty; give a table whose first line names the columns"),
        ("\n", "the file is empty"),
        (",".join(HEADER) + "\n", "0 of 0 rows used"),
        ("hello world\n", "map its columns, or use a preset (zero-dte-lab, cboe-datashop, optionsdx, "),
        ("\0\1\2", "not a text table"),
        ("\ud800", "not UTF-8 text"),
        (chain().replace("2026-08-19T", "2026-08-18T"), "no rows of 2026-08-19; the table holds 2026-08-18"),
    ],
)  # fmt: skip
def test_a_table_that_is_none_is_refused(content: str, words: str, gammacore: CommandLine) -> None:
    Path("chain.csv").write_bytes(content.encode("utf-8", "surrogatepass"))

    for command in (("trade", "--vix", "15"), ("plan",), ("record", "day.recording"), ("gex",)):
        answer = gammacore.refusal(*command, "--market", "csv:chain.csv", "--underlying", "SPY", "--date", "2026-08-19")
        assert answer.code == EXIT_FAILED
        assert words in answer.err
        assert answer.err.startswith("gammacore: chain.csv")
    assert nothing_written()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (chain(bid="nan", ask="nan"), "quotes_missing"),
        (chain(bid="-1", ask="-0.5"), "quotes_missing"),
        (chain(bid="inf", ask="inf"), "quotes_missing"),
        (chain(bid="9", ask="1"), "quotes_missing"),
        (chain(bid="", ask=""), "quotes_missing"),
        (chain(spot="nan"), "price_missing"),
        (chain(spot="-770"), "price_missing"),
        (chain(open_interest="0"), "pin_missing"),
        (chain(open_interest="-5"), "pin_missing"),
        (renamed("open_interest", "volume"), "pin_missing"),
    ],
)  # fmt: skip
def test_quotes_that_cannot_be_used_are_no_trade_with_a_reason(
    content: str, reason: str, gammacore: CommandLine
) -> None:
    """R8: NaN, negative, infinite, crossed, empty: nothing of it is a price."""
    Path("chain.csv").write_text(content)

    day = gammacore.document("trade", "--market", "csv:chain.csv", *SPY)

    assert (day["entries"], day["trades"], day["finished"]) == (0, [], True)
    assert set(day["skipped"]) == {reason}
    assert len(day["decisions"]) == 4


def test_rows_left_out_are_reported(gammacore: CommandLine) -> None:
    Path("chain.csv").write_text(chain() + "2026-08-19T15:59:00,770,2026-08-19,C,nan,1,2,,,\ncut,shor")

    answer = gammacore("trade", "--market", "csv:chain.csv", *SPY, "--quiet", "--json")

    assert answer.code == EXIT_DONE
    assert "csv:chain.csv: 884 of 886 rows used; 1 unusable_strike (first in line 886); 1 short_row" in answer.err


def test_gex_tells_what_of_a_file_it_left_out(gammacore: CommandLine) -> None:
    """gex.md: what does not count is part of the result, rows that are no contract as well."""
    Path("chain.csv").write_text(chain() + "2026-08-19T15:59:00,770,2026-08-19,C,nan,1,2,,,\ncut,shor")

    answer = gammacore("gex", "chain.csv", "--underlying", "SPY", "--quiet", "--json")

    assert answer.code == EXIT_DONE
    assert "884 of 886 rows used; 1 unusable_strike (first in line 886); 1 short_row" in answer.err


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("ticker,sip,bid,ask,strike", "map its columns, or use a preset"),
        ("root;expiration;strike;right;bid;ask", "read as thetadata-v2: column date is missing"),
        ("S&P 500,Lst: 4505.1\nDate: x\nExpiration Date,Calls,Bid,Strike,Puts,Bid", "give a name line with 'Last: '"),
        ("hello", "give a CBOE quote table"),
    ],
)
def test_gex_refuses_a_file_by_what_it_nearly_is(header: str, words: str, gammacore: CommandLine) -> None:
    Path("chain.csv").write_text(f"{header}\n1,2,3,4,5,6\n")

    answer = gammacore("gex", "chain.csv")

    assert answer.code == EXIT_FAILED
    assert words in answer.err


def test_a_file_cut_in_half_is_refused(gammacore: CommandLine) -> None:
    packed = gzip.compress(chain().encode())
    Path("chain.csv.gz").write_bytes(packed[: len(packed) // 2])
    gammacore.document("record", "whole.recording", "--step", "1800")
    whole = Path("whole.recording").read_bytes()
    Path("cut.recording").write_bytes(whole[: len(whole) // 2])

    for arguments in (
        ("trade", "--market", "csv:chain.csv.gz", *SPY),
        ("gex", "chain.csv.gz"),
        ("trade", "--market", "recording:cut.recording"),
        ("gex", "cut.recording"),
    ):
        answer = gammacore.refusal(*arguments)
        assert (answer.code, "ends too early" in answer.err) == (EXIT_FAILED, True)
    assert not list(Path().rglob("*.sqlite*"))


@pytest.mark.parametrize("place", ["folder", "none", "file/below", "no-such-folder/file"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("trade", "--market", "csv:PLACE", *SPY),
        ("trade", "--market", "csv:PLACE"),
        ("trade", "--market", "recording:PLACE"),
        ("trade", "--market", "lean:PLACE"),
        ("trade", "--config", "PLACE"),
        ("gex", "PLACE"),
        ("size", "--balance", "20000", "--history", "PLACE"),
        ("config", "check", "--config", "PLACE"),
        *((*command.split(), "--ledger", "PLACE") for command in (*LEDGER_COMMANDS, "ledger repair")),
    ],
    ids=" ".join,
)
def test_what_cannot_be_read_is_refused(place: str, arguments: tuple[str, ...], gammacore: CommandLine) -> None:
    """A folder, nothing, a path below a regular file, a path in a folder that is not there."""
    Path("folder").mkdir()
    Path("file").touch()
    if place == "none" and arguments == ("trade", "--ledger", "PLACE"):
        pytest.skip("a name that is free becomes a new ledger")

    answer = gammacore.refusal(*(argument.replace("PLACE", place) for argument in arguments))

    assert answer.code in (EXIT_FAILED, EXIT_USAGE)
    assert (place.rpartition("/")[0] or place) in answer.err
    assert sorted(path.name for path in Path().rglob("*") if ".gammacore" not in path.parts) == ["file", "folder"]
    assert not list(Path(".gammacore").rglob("*.*"))
    assert Path("file").read_bytes() == b""


@pytest.mark.parametrize("place", ["folder", "file/below", "no-such-folder/file"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("record", "PLACE", "--step", "1800"),
        ("config", "init", "PLACE"),
        ("journal", "--ledger", "day.sqlite", "--csv", "PLACE"),
        ("report", "--ledger", "day.sqlite", "--html", "PLACE"),
        ("gex", "--plot", "PLACE"),
        ("gex", "--plot", "PLACE.png"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_written_is_refused(place: str, arguments: tuple[str, ...], gammacore: CommandLine) -> None:
    if "day.sqlite" in arguments:
        begun(Path("day.sqlite"))
    Path("file").touch()
    Path("folder").mkdir()
    if arguments[-1] == "PLACE.png" and place == "folder":
        pytest.skip("folder.png can be written")
    if "--html" in arguments and place == "folder":
        pytest.skip("a folder gets a page a day, and an index")
    before = sorted(str(path) for path in Path().rglob("*"))

    answer = gammacore.refusal(*(argument.replace("PLACE", place) for argument in arguments))

    assert answer.code in (EXIT_FAILED, EXIT_USAGE)
    assert place in answer.err or place.rpartition("/")[0] in answer.err
    assert sorted(str(path) for path in Path().rglob("*")) == before


def test_a_home_that_cannot_be_written_is_refused(gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").touch()
    monkeypatch.setenv("GAMMACORE_HOME", "file/home")

    answer = gammacore.refusal("trade")

    assert (answer.code, "file/home/runs: cannot be written (Not a directory); set GAMMACORE_HOME" in answer.err) == (
        EXIT_USAGE, True,
    )  # fmt: skip


def test_a_recording_and_a_sample_never_overwrite_a_file(gammacore: CommandLine) -> None:
    ledger = begun(Path("day.sqlite"))
    before = ledger.read_bytes()

    for arguments in (("record", ledger, "--step", "1800"), ("config", "init", ledger)):
        assert gammacore.refusal(*arguments).code == EXIT_USAGE
    assert ledger.read_bytes() == before


@pytest.mark.parametrize("date", ["2026-07-03", "2026-03-07", "2026-12-25", "2025-01-09"])
def test_a_date_without_a_session_is_refused_and_the_next_one_named(date: str, gammacore: CommandLine) -> None:
    for command in ("trade", "plan", "gex"):
        answer = gammacore.refusal(command, "--date", date)
        assert answer.code == EXIT_FAILED
        assert f"no session of the exchange on {date}; next 20" in answer.err
    assert nothing_written()


@pytest.mark.parametrize("date", ["1990-01-02", "2050-01-03"])
def test_a_date_the_calendar_does_not_know_is_refused(date: str, gammacore: CommandLine) -> None:
    assert "the calendar covers" in gammacore.refusal("trade", "--date", date).err


# --- ledgers ---


Spoil = Callable[[bytearray], bytearray]


def flipped(content: bytearray) -> bytearray:
    """One bit of the newest event's text."""
    content[content.rindex(b"EntryJudged")] ^= 1
    return content


@pytest.mark.parametrize(
    "spoil",
    [flipped, lambda content: content[: len(content) // 2], lambda content: bytearray(b"not a ledger at all" * 500),
     lambda content: bytearray()],
    ids=["flipped byte", "cut in half", "garbage", "empty"],
)  # fmt: skip
def test_a_damaged_ledger_is_refused_by_every_command_and_left_as_it_is(spoil: Spoil, gammacore: CommandLine) -> None:
    """R6: never a silent reset."""
    ledger = begun(Path("day.sqlite"))
    ledger.write_bytes(bytes(spoil(bytearray(ledger.read_bytes()))))
    damaged = ledger.read_bytes()

    for command in LEDGER_COMMANDS:
        answer = gammacore.refusal(*command.split(), "--ledger", ledger)
        assert answer.code == EXIT_FAILED, command
        assert "day.sqlite" in answer.err
        assert ledger.read_bytes() == damaged, command


def test_a_flipped_byte_is_fixed_by_the_command_that_the_refusal_names(gammacore: CommandLine) -> None:
    ledger = begun(Path("day.sqlite"))
    events = len(rows(ledger))
    ledger.write_bytes(bytes(flipped(bytearray(ledger.read_bytes()))))
    refused = gammacore.refusal("trade", "--ledger", ledger)
    assert f"gammacore ledger repair --ledger {ledger.resolve()}" in refused.err

    fixed = gammacore.document("ledger", "repair", "--ledger", ledger)

    assert fixed["kept"] < events
    assert Path(fixed["damaged"]).exists()
    assert gammacore.document("ledger", "verify", "--ledger", ledger)["events"] == fixed["kept"]
    assert gammacore.document("status", "--ledger", ledger)["balance"] == "20000.00"


def test_a_damaged_inbox_is_never_taken_for_empty(gammacore: CommandLine) -> None:
    """R10: a halt may be in it."""
    ledger = begun(Path("day.sqlite"))
    before = rows(ledger)
    Path("day.sqlite.inbox").write_text("junk")

    answer = gammacore.refusal("trade", "--ledger", ledger)

    assert (answer.code, "day.sqlite.inbox" in answer.err) == (EXIT_FAILED, True)
    assert rows(ledger) == before
    assert Path("day.sqlite.inbox").read_text() == "junk"


def test_a_damaged_book_of_the_exchange_is_refused(gammacore: CommandLine) -> None:
    ledger = begun(Path("day.sqlite"))
    before = rows(ledger)
    Path("day.sqlite.exchange.json").write_text("{")

    answer = gammacore.refusal("trade", "--ledger", ledger)

    assert (answer.code, "day.sqlite.exchange.json is no book" in answer.err) == (EXIT_FAILED, True)
    assert rows(ledger) == before
    assert Path("day.sqlite.exchange.json").read_text() == "{"


def test_a_copied_ledger_is_read_without_a_trace(gammacore: CommandLine) -> None:
    """Reading takes no lock and makes no file."""
    ledger = begun(Path("day.sqlite"))
    Path("copy").mkdir()
    copy = Path(shutil.copy(ledger, "copy/day.sqlite"))

    for command in ("status", "journal", "report", "ledger verify"):
        gammacore.document(*command.split(), "--ledger", copy)

    assert [path.name for path in Path("copy").iterdir()] == ["day.sqlite"]
    assert book_of(copy).live_spreads


# --- histories and settings ---


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ("pl_per_contract\n10\nnan\n", "line 3, column pl_per_contract: nan is not valid; give a finite dollar amount"),
        ("pl_per_contract\nten\n", "line 2, column pl_per_contract"),
        ("a,b\n1,2\n", "give one column pl_per_contract"),
        ("", "empty"),
    ],
)
def test_a_history_that_is_none_is_refused(history: str, words: str, gammacore: CommandLine) -> None:
    Path("history.csv").write_text(history)

    answer = gammacore.refusal("size", "--balance", "20000", "--history", "history.csv")

    assert answer.code == EXIT_FAILED
    assert words in answer.err
    assert answer.err.startswith("gammacore: history.csv")


@pytest.mark.parametrize(
    ("name", "content"),
    [("gammacore.toml", b"\xff\xfe"), (".env", b"\xff\xfeA=1\n"), ("gammacore.toml", b"[market]\nseed = \n")],
)
def test_settings_that_cannot_be_read_are_refused(name: str, content: bytes, gammacore: CommandLine) -> None:
    Path(name).write_bytes(content)

    answer = gammacore.refusal("config", "check")

    assert (answer.code, answer.err.startswith(f"gammacore: {name}")) == (EXIT_USAGE, True)


def test_with_debug_the_fault_itself_is_raised(gammacore: CommandLine) -> None:
    from gammacore.errors import MissingData

    with pytest.raises(MissingData):
        gammacore("trade", "--date", "2026-12-25", "--debug")
