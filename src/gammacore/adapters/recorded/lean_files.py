"""Where LEAN keeps its minute files, and what stands in them.

Layout: `{option|indexoption|equity|index}/usa/minute/SYMBOL/YYYYMMDD_KIND[_STYLE].zip`; option archives hold one CSV a
contract. Rows begin with milliseconds since New York midnight, the start of the minute.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from attrs import frozen

from gammacore.adapters.recorded.text_table import UnreadableFile, read_price, reading
from gammacore.domain.instruments import UNDERLYING_OF_ROOT, Right, Underlying, is_adjusted, underlying_of_adjusted
from gammacore.domain.market import Bar
from gammacore.domain.sessions import new_york
from gammacore.domain.written_dates import clock_of_milliseconds
from gammacore.errors import InvalidInput, MissingData

MINUTE = dt.timedelta(minutes=1)
DECI_CENTS = 10_000
"""Option, equity and strike figures are stored times this; index prices are plain."""

_MEMBER = re.compile(
    r"\d{8}_(?P<symbol>[^_]+)_minute_[a-z]+_[a-z]+_(?P<right>call|put)_(?P<strike>\d+)_(?P<expiry>\d{8})\.csv"
)


@frozen
class LeanContract:
    """A contract as the name of its file says."""

    root: str
    expiry: dt.date
    right: Right
    strike: float


@frozen
class LeanFolder:
    """The folder that holds option/, indexoption/, equity/, index/."""

    path: Path

    def __attrs_post_init__(self) -> None:
        if not self.path.is_dir():
            raise UnreadableFile(str(self.path), "not a directory", "give the folder that holds option/ and equity/")

    def option_folders(self, underlying: Underlying) -> dict[str, Path]:
        """The folder of each root of an underlying that is there: SPX has SPXW and, AM-settled, SPX.

        Adjusted ones (AMD1 of AMD) are among them, so that what is left out is counted.
        """
        roots = {underlying.option_root, *(root for root, of in UNDERLYING_OF_ROOT.items() if of == underlying.symbol)}
        named = (folder.name.upper() for folder in self.path.glob("*option/usa/minute/*"))
        roots |= {root for root in named if is_adjusted(root) and underlying_of_adjusted(root) == underlying.symbol}
        found = {
            root: folder
            for kind in ("option", "indexoption")
            for root in sorted(roots)
            if (folder := self.path / kind / "usa" / "minute" / root.lower()).is_dir()
        }
        if not found:
            there = sorted(folder.name for folder in self.path.glob("*option/usa/minute/*"))
            listed = f"there are {', '.join(there)}" if there else "no option/usa/minute or indexoption/usa/minute"
            raise MissingData(f"{self.path}: no minute options of {underlying.symbol}; {listed}")
        return found

    def archives(self, underlying: Underlying, date: dt.date, kind: str) -> dict[str, Path]:
        """The option archive of a date by root; kind is quote, trade or openinterest."""
        return {
            root: archive
            for root, folder in self.option_folders(underlying).items()
            for archive in sorted(folder.glob(f"{date:%Y%m%d}_{kind}_*.zip"))
        }

    def option_dates(self, underlying: Underlying) -> tuple[dt.date, ...]:
        """The dates that have option quotes of an underlying."""
        folders = self.option_folders(underlying).values()
        return tuple(sorted({date for folder in folders for date in _dates(folder, "quote_*")}))

    def price_archive(self, symbol: str, date: dt.date, kind: str) -> Path | None:
        """The share's or index's archive of a date; kind is trade or quote."""
        for security in ("equity", "index"):
            archive = self._price_folder(security, symbol) / f"{date:%Y%m%d}_{kind}.zip"
            if archive.is_file():
                return archive
        return None

    def bar_dates(self, symbol: str) -> tuple[dt.date, ...]:
        """The dates that have trades of a share or index."""
        folders = (self._price_folder(security, symbol) for security in ("equity", "index"))
        return tuple(sorted({date for folder in folders for date in _dates(folder, "trade")}))

    def bars(self, symbol: str, date: dt.date) -> tuple[Bar, ...]:
        """One-minute bars of a share's or index's trades, all hours; empty without a file."""
        archive = self.price_archive(symbol, date, "trade")
        if archive is None:
            return ()
        scale = price_scale(archive)
        return tuple(bar for row in price_rows(archive) if (bar := _bar(row, date, scale)) is not None)

    def _price_folder(self, security: str, symbol: str) -> Path:
        return self.path / security / "usa" / "minute" / symbol.lower()


def _dates(folder: Path, kind: str) -> Iterator[dt.date]:
    for archive in folder.glob(f"*_{kind}.zip"):
        if re.fullmatch(r"\d{8}", day := archive.name[:8]):
            yield dt.datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007 - a day has no offset


def price_scale(archive: Path) -> int:
    return 1 if "index" in archive.parts[-5:-4] else DECI_CENTS


@contextmanager
def unzipped(path: Path) -> Iterator[zipfile.ZipFile]:
    """An open archive; a damaged one is refused in one sentence."""
    try:
        with reading(path), zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as damage:
        raise UnreadableFile(str(path), f"a damaged zip archive ({damage})", "fetch it again") from damage


def contracts_of(archive: Path, root: str) -> list[LeanContract]:
    """The contracts an archive holds."""
    with unzipped(archive) as members:
        return [each for name in members.namelist() if (each := _contract(name, root))]


def contract_rows(
    archive: Path, root: str, first: dt.date, until: dt.date | None
) -> Iterator[tuple[LeanContract, list[str]]]:
    """Each contract of an archive with its rows, in order of expiry, right and strike; expiring `first` to `until`.

    None: with no end, and those that have expired before as well.
    """
    with unzipped(archive) as members:
        named = ((_contract(name, root), name) for name in members.namelist())
        wanted = [(each, name) for each, name in named if each and (until is None or first <= each.expiry <= until)]
        for contract, name in sorted(wanted, key=lambda pair: (pair[0].expiry, pair[0].right, pair[0].strike)):
            yield contract, members.read(name).decode("ascii", "replace").split()


def rows_of_others(archive: Path, root: str, first: dt.date, until: dt.date | None) -> int:
    """How many rows an archive has of contracts that expire outside `first` to `until`."""
    if until is None:
        return 0
    with unzipped(archive) as members:
        named = ((_contract(name, root), name) for name in members.namelist())
        others = [name for each, name in named if each is not None and not first <= each.expiry <= until]
        return sum(len(members.read(name).split()) for name in others)


def _contract(member: str, root: str) -> LeanContract | None:
    match = _MEMBER.fullmatch(member)
    if match is None:
        return None
    expiry = dt.datetime.strptime(match["expiry"], "%Y%m%d").date()  # noqa: DTZ007 - a day has no offset
    right = Right.CALL if match["right"] == "call" else Right.PUT
    named = match["symbol"].upper()  # an adjusted contract may lie among those of its underlying
    return LeanContract(named if is_adjusted(named) else root, expiry, right, int(match["strike"]) / DECI_CENTS)


def price_rows(archive: Path) -> Iterator[list[str]]:
    """The cells of a share's or index's archive, row by row."""
    with unzipped(archive) as members:
        for name in members.namelist():
            for row in members.read(name).decode("ascii", "replace").split():
                yield row.split(",")


def minute_start(milliseconds: str, date: dt.date) -> dt.datetime | None:
    """The UTC instant of milliseconds since New York midnight."""
    clock = clock_of_milliseconds(int(milliseconds)) if milliseconds.isdigit() else None
    return None if clock is None else new_york(date, clock)


def scaled(text: str, scale: int) -> Decimal | None:
    price = read_price(text)
    return price / scale if isinstance(price, Decimal) else None


def _bar(cells: list[str], date: dt.date, scale: int) -> Bar | None:
    start = minute_start(cells[0], date)
    prices = [price for cell in cells[1:5] if (price := scaled(cell, scale)) is not None]
    if start is None or len(prices) != 4:
        return None
    try:
        return Bar(start, 60, *prices, volume=_shares(cells, scale))
    except InvalidInput:
        return None


def _shares(cells: list[str], scale: int) -> int | None:
    """Shares traded in a minute; None where the row does not say. The last cell of an index counts ticks."""
    given = scale == DECI_CENTS and len(cells) > 5 and cells[5].isdecimal()
    return int(cells[5]) if given else None
