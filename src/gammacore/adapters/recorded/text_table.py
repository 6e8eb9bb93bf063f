"""A text table on disk: plain or gzip by its content, any of the usual delimiters, faults as one sentence."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from gammacore.adapters.recorded.unreadable import UnreadableFile
from gammacore.errors import MissingData

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
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
    """Turn whatever reading a file may raise into one sentence that names the file and the mend."""
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
    except csv.Error as garbage:
        raise UnreadableFile(
            str(path), f"not a text table ({garbage})", "give a text table, plain or gzip"
        ) from garbage
    except OSError as refusal:
        raise MissingData(f"{path}: cannot be read ({refusal.strerror or refusal})") from refusal


@contextmanager
def open_bytes(path: Path) -> Iterator[io.BufferedIOBase]:
    """The content of a file, unpacked when it is gzip, whatever its name says."""
    with reading(path), path.open("rb") as raw:
        packed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        if not packed:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as unpacked:
            yield unpacked


@contextmanager
def open_table(path: Path) -> Iterator[TextTable]:
    """Open a table and read its header.

    Raises:
        MissingData: no file, not readable, or empty.
        InvalidInput: a directory, a zip archive, a cut or damaged gzip, no text.
    """
    with open_bytes(path) as content:
        if content.read(len(ZIP_MAGIC)) == ZIP_MAGIC:
            raise UnreadableFile(str(path), "a zip archive", "unpack it and give the table inside")
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
