"""A text table on disk: plain, gzip or a zip of one by its content, any usual delimiter, faults as one sentence.

What its cells hold besides figures and dates, and which column of a table of prices is meant: exact names win, and of
two that could be meant none is taken.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import cast

from attrs import frozen

from gammacore.domain.written_figures import Unread, read_figure
from gammacore.errors import InvalidInput, MissingData


class UnreadableFile(InvalidInput):
    """A file, or the part of it that is named, is something that cannot be read as a market.

    >>> str(UnreadableFile("day.csv", "a zip archive", "unpack it and give the table inside"))
    'day.csv is a zip archive; unpack it and give the table inside'
    """

    def __str__(self) -> str:
        return f"{self.field} is {self.value}; {self.fix}"


GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
PARQUET_MAGIC = b"PAR1"
DELIMITERS = ",;\t|"
_FEWEST_COLUMNS = 3


def looks_like_a_table(first_bytes: bytes) -> bool:
    """Whether a file that begins like this may be a table of snapshots: its first line names columns, and no sides.

    >>> looks_like_a_table(b"ticker,bid,ask,strike\\n"), looks_like_a_table(b"Expiration Date,Calls,Bid,Puts\\n")
    (True, False)
    """
    first = first_bytes.decode("utf-8", errors="replace").lstrip("\ufeff").split("\n", 1)[0]
    names = re.split(f"[{re.escape(DELIMITERS)}]", first.strip().casefold())
    return len(names) > _FEWEST_COLUMNS and "calls" not in names and not any("last:" in name for name in names)


@frozen(eq=False)
class TextTable:
    """A header and the rows below it; iterating gives (line number, cells)."""

    path: Path
    header: tuple[str, ...]
    rows: Iterator[tuple[int, list[str]]]

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        return self.rows


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever reading a file may raise into one sentence that names the file and the remedy."""
    if path.is_dir():
        raise UnreadableFile(str(path), "a directory", "give a file")
    try:
        yield
    except FileNotFoundError:
        raise MissingData(f"{path}: no such file") from None
    except EOFError as cut:
        raise UnreadableFile(str(path), "a gzip file that ends too early", "fetch it again") from cut
    except (gzip.BadGzipFile, zlib.error) as damage:
        raise UnreadableFile(str(path), f"a damaged gzip file ({damage})", "fetch it again") from damage
    except UnicodeDecodeError as garbage:
        raise UnreadableFile(str(path), "not UTF-8 text", "give a text table, plain or gzip") from garbage
    except zipfile.BadZipFile as damage:
        raise UnreadableFile(str(path), f"a damaged zip archive ({damage})", "fetch it again") from damage
    except csv.Error as garbage:
        raise UnreadableFile(
            str(path), f"not a text table ({garbage})", "give a text table, plain or gzip"
        ) from garbage
    except OSError as refusal:
        raise MissingData(f"{path}: cannot be read ({refusal.strerror or refusal})") from refusal


@contextmanager
def open_bytes(path: Path, *, zipped: bool = False) -> Iterator[io.BufferedIOBase]:
    """The content of a file, unpacked when it is gzip, whatever its name says; with `zipped` also a zip of one table.

    Rule: ST-101.
    """
    with reading(path), path.open("rb") as raw:
        magic = raw.read(len(ZIP_MAGIC))
        raw.seek(0)
        if magic.startswith(GZIP_MAGIC):
            with gzip.GzipFile(fileobj=raw) as content:
                yield content
        elif magic == ZIP_MAGIC and zipped:
            with zipfile.ZipFile(raw) as archive, archive.open(_only_member(path, archive)) as unpacked:
                yield cast(io.BufferedIOBase, unpacked)
        else:
            yield raw


def _only_member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The one table of a zip archive; what macOS puts beside it is none."""
    tables = [each for each in archive.infolist() if not (each.is_dir() or each.filename.startswith("__MACOSX/"))]
    if len(tables) == 1:
        return tables[0]
    holds = ", ".join(each.filename for each in tables[:5]) or "nothing"
    raise UnreadableFile(str(path), f"a zip archive of {len(tables)} files ({holds})", "unpack it and give the tables")


TableOpener = Callable[[Path], AbstractContextManager[TextTable]]
"""How a table is opened: `open_table`, or with the extra `study` one that reads Parquet too."""


@contextmanager
def open_table(path: Path) -> Iterator[TextTable]:
    """Open a table and read its header.

    Raises:
        MissingData: no file, not readable, or empty.
        InvalidInput: a directory, a zip archive of several files, a cut or damaged archive, no text.
    """
    with open_bytes(path, zipped=True) as content:
        if content.read(len(ZIP_MAGIC)) == ZIP_MAGIC:
            raise UnreadableFile(str(path), "a zip archive in an archive", "unpack it and give the table inside")
        content.seek(0)
        lines = (line.decode("utf-8") for line in content)
        first = next(lines, "").lstrip("\ufeff")
        if not first.strip():
            raise MissingData(f"{path}: the file is empty; give a table whose first line names the columns")
        if "\0" in first:
            raise UnreadableFile(str(path), "not a text table", "give a text table, plain or gzip")
        delimiter = max(DELIMITERS, key=first.count)
        header = tuple(name.strip() for name in next(csv.reader([first], delimiter=delimiter)))
        rows = csv.reader(lines, delimiter=delimiter)
        yield TextTable(path, header, ((rows.line_num + 1, cells) for cells in rows if cells))


def row_defect(cells: Sequence[str], header: Sequence[str]) -> str | None:
    """Why a row does not fit its header, None when it does. Blank cells behind the last column are nothing.

    A row that is too long holds a figure with a separator in it, and every cell behind that stands in the wrong column.

    >>> row_defect(["1", "2"], ["a", "b"]), row_defect(["1", "2", "500"], ["a", "b"]), row_defect(["1"], ["a", "b"])
    (None, 'long_row', 'short_row')
    """
    if len(cells) < len(header):
        return "short_row"
    return "long_row" if any(cell.strip() for cell in cells[len(header) :]) else None


def content_hash(*parts: Path | str) -> str:
    """sha256 over the unpacked content of files and the text of options, in the order given; paths do not enter it."""
    whole = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            with open_bytes(part) as content:
                digest = hashlib.file_digest(content, "sha256").digest()
        else:
            digest = hashlib.sha256(part.encode()).digest()
        whole.update(digest)
    return whole.hexdigest()


_RIGHTS = {"c": True, "call": True, "calls": True, "p": False, "put": False, "puts": False}


def read_right(text: str) -> bool | None:
    """True for a call (C, call, CALL), False for a put.

    >>> read_right("Call"), read_right("P"), read_right("X")
    (True, False, None)
    """
    return _RIGHTS.get(text.strip().casefold())


def read_price(text: str) -> Decimal | Unread:
    """A price above 0, points, with the digits it was written in. 0 stands for none in tables: it is not given.

    >>> read_price("4,750.00"), read_price("0"), read_price("-1")
    (Decimal('4750.00'), <Unread.NOT_GIVEN: 'not_given'>, <Unread.UNREADABLE: 'unreadable'>)
    """
    price = read_figure(text)
    if not isinstance(price, Decimal) or price > 0:
        return price
    return Unread.UNREADABLE if price else Unread.NOT_GIVEN


@frozen
class Wanted:
    """What a column is looked for, and the names to offer for it.

    `exact` names it in full; `words` are those one of which its name must hold. `setting` is the key that names the
    column where the header does not tell.
    """

    what: str
    named: str
    exact: frozenset[str]
    words: frozenset[str]
    setting: str


CLOSE = Wanted(
    "the close",
    "close",
    frozenset({"close", "close last", "close price", "closing price", "official close", "settle", "settlement",
               "settlement price", "settle price", "price"}),
    frozenset({"close", "closing", "settle", "settlement", "settled", "price"}),
    "market.closes_column",
)  # fmt: skip
PRICE = Wanted(
    "the price",
    "close or price",
    frozenset(
        {"close", "price", "spot", "last", "value", "close last", "last price", "spot price", "underlying price"}
    ),
    frozenset({"close", "price", "spot", "last", "value"}),
    "market.price_column",
)
VIX = Wanted(
    "VIX",
    "vix, close or price",
    frozenset({"vix", "vix close", "close", "price", "last", "value", "close last", "last price"}),
    frozenset({"vix", "vixcls", "close", "price", "last", "value"}),
    "market.vix_column",
)

NEVER = frozenset({
    "adj", "adjusted", "adjclose", "prev", "previous", "prior", "yesterday", "change", "chg", "chng", "diff",
    "difference", "pct", "percent", "return", "open", "high", "low", "volume", "vol", "net", "date", "time", "datetime",
    "timestamp", "bid", "ask", "strike", "split", "dividend", "dividends", "interest", "count",
})  # fmt: skip
"""Words that make another figure of a close: an option settles at the unadjusted close of its own day."""

ESTIMATE = "estimate"
TIME_COLUMNS = ("datetime", "timestamp", "quote_datetime", "time", "t")
OHLC = ("open", "high", "low", "close")


def words_of(name: str) -> tuple[str, ...]:
    """The words of a column's name, lower case: `Adj Close`, `adj_close` and `AdjClose` are the same two.

    >>> words_of("AdjClose"), words_of("Close/Last"), words_of("Change %")
    (('adj', 'close'), ('close', 'last'), ('change', 'percent'))
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).replace("%", " percent ")
    return tuple(re.findall(r"[a-z0-9]+", spaced.casefold()))


def pick_column(path: Path, header: Sequence[str], wanted: Wanted, chosen: str | None = None) -> int:
    """Where the column stands that is meant: the chosen one, one of an exact name, or the only one that could be.

    Raises:
        UnreadableFile: none, or two that could be meant; both are named.
    """
    if chosen is not None:
        return _chosen(path, header, wanted, chosen)
    return _only(path, header, wanted, _candidates(header, wanted) or _candidates(header, wanted, estimates=True))


def pick_closes(path: Path, header: Sequence[str], chosen: str | None = None) -> tuple[tuple[int, bool], ...]:
    """The columns of the close, each with whether it is an estimate: the reported one first, where there is one.

    Raises:
        UnreadableFile: none, or two of a kind that could be meant; both are named.
    """
    if chosen is not None:
        index = _chosen(path, header, CLOSE, chosen)
        return ((index, _is_estimate(header[index])),)
    kinds = [(_candidates(header, CLOSE, estimates), estimates) for estimates in (False, True)]
    found = tuple((_only(path, header, CLOSE, could_be), estimated) for could_be, estimated in kinds if could_be)
    return found or ((_only(path, header, CLOSE, []), False),)


def pick_date(path: Path, header: Sequence[str]) -> int:
    """Where the date stands: the column `date`, else the only one whose name holds that word.

    Raises:
        UnreadableFile: none, or two that could be meant.
    """
    wanted = Wanted("the date", "date", frozenset({"date"}), frozenset({"date"}), "")
    named = [index for index, name in enumerate(header) if "date" in words_of(name)]
    exact = [index for index in named if words_of(header[index]) == ("date",)]
    return _only(path, header, wanted, exact or named)


def pick_time(path: Path, header: Sequence[str]) -> int | None:
    """Where the time of a row stands; None where no column is named like one.

    Raises:
        UnreadableFile: two columns of one name.
    """
    names = [name.strip().casefold() for name in header]
    for known in TIME_COLUMNS:
        found = [index for index, name in enumerate(names) if name == known]
        if found:
            return _only(path, header, Wanted("the time", "time", frozenset(), frozenset(), ""), found)
    return None


def pick_bars(header: Sequence[str]) -> tuple[int, ...] | None:
    """Where open, high, low and close stand, each there once; None where the table is none of bars."""
    names = [name.strip().casefold() for name in header]
    return tuple(map(names.index, OHLC)) if all(names.count(name) == 1 for name in OHLC) else None


def pick_volume(header: Sequence[str]) -> int | None:
    """Where the shares traded in a bar stand; None without such a column, or with two."""
    found = [index for index, name in enumerate(header) if words_of(name) in (("volume",), ("vol",))]
    return found[0] if len(found) == 1 else None


def _candidates(header: Sequence[str], wanted: Wanted, estimates: bool = False) -> list[int]:
    """The columns of an exact name; without one those whose name holds a word and none that makes it another figure."""
    words = [words_of(name) for name in header]
    could_be = [
        index
        for index, named in enumerate(words)
        if wanted.words & set(named) and not NEVER & set(named) and _is_estimate(header[index]) is estimates
    ]
    return [index for index in could_be if " ".join(words[index]) in wanted.exact] or could_be


def _is_estimate(name: str) -> bool:
    return any(word.startswith(ESTIMATE) for word in words_of(name))


def _only(path: Path, header: Sequence[str], wanted: Wanted, found: Sequence[int]) -> int:
    if len(found) == 1:
        return found[0]
    fix = f"name one by {wanted.setting}" if wanted.setting else "give each column a name of its own"
    if found:
        both = " and ".join(repr(header[index]) for index in found)
        raise UnreadableFile(f"{path}: the header", f"of two meanings: columns {both} could both be {wanted.what}", fix)
    names = " or ".join(filter(None, [f"name one of its columns {wanted.named}", wanted.setting and fix]))
    raise UnreadableFile(f"{path}: the header", ", ".join(header)[:200], names)


def _chosen(path: Path, header: Sequence[str], wanted: Wanted, chosen: str) -> int:
    found = [index for index, name in enumerate(header) if name.strip().casefold() == chosen.strip().casefold()]
    if [header[index] for index in found].count(chosen) == 1:
        found = [header.index(chosen)]
    if not found:
        raise UnreadableFile(f"{path}: column {chosen}", f"missing; it has {', '.join(header)[:200]}",
                             f"name another by {wanted.setting}")  # fmt: skip
    return _only(path, header, wanted, found)
