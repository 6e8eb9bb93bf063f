"""One day of a LEAN minute folder as a market."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gammacore.adapters.recorded.chain_columns import Contract
from gammacore.adapters.recorded.lean_files import (
    DECI_CENTS,
    MINUTE,
    LeanContract,
    LeanFolder,
    contract_rows,
    contracts_of,
    minute_start,
    price_rows,
    price_scale,
    rows_of_others,
    scaled,
)
from gammacore.adapters.recorded.market import BarSource, ChainTape, Intake, RecordedMarket, Seen, Track, bars_within
from gammacore.adapters.recorded.surroundings import ReplaySettings, session_words
from gammacore.adapters.recorded.text_table import content_hash
from gammacore.domain.columns import Floats
from gammacore.domain.gex.units import TODAY, Scope
from gammacore.domain.instruments import Right, Underlying, is_adjusted
from gammacore.domain.market import Bar, OptionChain, Quote, share_shown
from gammacore.domain.sessions import TradingSession, new_york, new_york_date
from gammacore.domain.written_figures import Unread, read_model_figure
from gammacore.errors import MissingData

BID_CLOSE, ASK_CLOSE = 4, 9
VIX = "VIX"


def read_lean_market(
    folder: Path,
    underlying: Underlying,
    session: TradingSession,
    *,
    all_expiries: bool = False,
    expiries: Scope = TODAY,
    settings: ReplaySettings | None = None,
    previous: TradingSession | None = None,
    count_others: bool = False,
) -> RecordedMarket:
    """One session from LEAN's minute files: the contracts of `expiries`, by default of that day, or all of them.

    A minute's quote is its close, known when the minute has ended. An empty side means that side did not change in the
    minute, so each side is carried on by itself and the quote is as old as its older side; a side never seen is
    missing. Price is the last trade, without a trade file the mid of the share's quotes; the share's quote is shown
    beside it, its sides carried on likewise. A chain's volume is what was traded of each contract until then. Without a
    file there is no price, no previous close, no open interest (0), no volume, no VIX: missing is never a failure,
    except for the option quotes. With `count_others` the rows of contracts that were not asked for are counted.

    Raises:
        InvalidInput: no such folder, or a damaged archive.
        MissingData: no option quotes of that underlying and date; the dates that are there are named.
    """
    settings = settings or ReplaySettings()
    lean = LeanFolder(Path(folder))
    archives = lean.archives(underlying, session.date, "quote")
    if not archives:
        there = ", ".join(map(str, lean.option_dates(underlying))) or "none"
        raise MissingData(f"{folder}: no option quotes of {underlying.symbol} on {session.date}; dates there: {there}")
    intake = Intake()
    until = None if all_expiries else expiries.until(session.date)
    if count_others:
        others = sum(rows_of_others(archive, root, session.date, until) for root, archive in archives.items())
        intake.rows += others
        intake.count("other_expiry", times=others)
    quotes, adjusted = [], 0
    for root, archive in archives.items():
        for contract, rows in contract_rows(archive, root, session.date, until):
            if is_adjusted(contract.root, underlying.symbol, underlying.option_root):
                adjusted += 1
                intake.rows += len(rows)
                intake.count("adjusted", times=len(rows))
            else:
                quotes.append(_quotes(contract, rows, session.date, intake))
    intake.contracts = len(quotes)
    if not quotes:
        raise MissingData(f"{folder}: {_none_expires(underlying, session.date, until, archives)}")
    interests = lean.archives(underlying, session.date, "openinterest")
    seen = settings.spots(session) or _spots(lean, underlying.symbol, session.date)
    opens = _open_interest(interests, session.date, until, intake)
    if (table := settings.open_interest(underlying, session, previous)) is not None:
        known = session.open.timestamp()
        opens = {each.contract: table.at(each.contract.root, _key(each.contract), known) for each in quotes}
    trades = lean.archives(underlying, session.date, "trade")
    traded = _traded(trades, session.date, until, intake) if trades else None
    share = _share_quotes(lean, underlying.symbol, session.date)
    known_at = [*seen.since, *share.since]
    tape = _tape(underlying.symbol, session, quotes, opens, traded, known_at, adjusted)
    step = tape.step_seconds()
    earlier = None if previous is None else lean.price_archive(underlying.symbol, previous.date, "trade")
    prices = [lean.price_archive(symbol, session.date, kind) for symbol in (underlying.symbol, VIX) for kind in _KINDS]
    files = [*archives.values(), *interests.values(), *trades.values(), *filter(None, [earlier, *prices])]
    return RecordedMarket(
        underlying=underlying.symbol,
        session=session,
        chains=tape,
        spots=seen,
        step_seconds=step,
        quote_age_limit=Track.constant(settings.quote_age_steps * step),
        vix=_vix(lean, settings, session),
        previous_close=_previous_close(lean, settings, underlying.symbol, previous),
        prints=settings.prints(session.date),
        bar_source=_bar_source(lean),
        content=content_hash(
            *files, underlying.symbol, *session_words(session, previous), str(until), *settings.content()
        ),
        label=f"lean:{underlying.symbol}",
        intake=intake,
        beside=settings.intakes(session, previous, underlying),
        share=share,
    )


_KINDS = ("trade", "quote")
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()


def _key(contract: LeanContract) -> Contract:
    """The contract as a table of open interest knows it; the root stands apart."""
    return contract.expiry.toordinal() - _EPOCH_DAY, 0, int(contract.right is Right.CALL), contract.strike


@frozen(eq=False)
class _Side:
    """One side of a contract's quote: its values with the seconds since the epoch at which they were known."""

    seconds: Floats
    price: Floats

    def at(self, times: Floats) -> tuple[Floats, Floats]:
        """Value and its age stamp at each time; NaN before the first."""
        newest = np.searchsorted(self.seconds, times, side="right") - 1
        padded_price, padded_seconds = np.append(self.price, math.nan), np.append(self.seconds, math.nan)
        return padded_price[newest], padded_seconds[newest]  # -1, before the first, is the NaN at the end


@frozen(eq=False)
class _ContractQuotes:
    contract: LeanContract
    bid: _Side
    ask: _Side


def _quotes(contract: LeanContract, rows: Iterable[str], date: dt.date, intake: Intake) -> _ContractQuotes:
    midnight = new_york(date, dt.time()).timestamp()
    sides: dict[int, list[tuple[float, float]]] = {BID_CLOSE: [], ASK_CLOSE: []}
    for row in rows:
        cells = row.split(",")
        intake.rows += 1
        try:
            known = midnight + int(cells[0]) / 1000 + MINUTE.total_seconds()
            closes = [(side, int(cells[side]) / DECI_CENTS) for side in sides if cells[side]]
        except (ValueError, IndexError):
            intake.count("unreadable_row")
            continue
        intake.used += 1
        _judge(dict(closes), intake)
        for side, price in closes:
            sides[side].append((known, price))
    return _ContractQuotes(contract, _side(sides[BID_CLOSE]), _side(sides[ASK_CLOSE]))


def _judge(closes: dict[int, float], intake: Intake) -> None:
    """Count the quality of a row's own sides; an empty side did not change. Rule: ST-109."""
    bid, ask = closes.get(BID_CLOSE), closes.get(ASK_CLOSE)
    reason = "negative" if (bid or 0) < 0 or (ask or 0) < 0 else "no_ask" if ask == 0 else None
    if reason is None and bid is not None and ask is not None and bid > ask:
        reason = "crossed"
    if reason is None and bid == 0:
        reason = "no_bid"
    if reason is not None:
        intake.quality[reason] = intake.quality.get(reason, 0) + 1


def _side(points: list[tuple[float, float]]) -> _Side:
    table: NDArray[np.float64] = np.array(sorted(points), dtype=np.float64).reshape(-1, 2)
    return _Side(table[:, 0], table[:, 1])


def _none_expires(underlying: Underlying, date: dt.date, until: dt.date | None, archives: dict[str, Path]) -> str:
    """What the archives of a date hold instead of the contracts that were asked for, in a sentence."""
    later = {contract.expiry for root, archive in archives.items() for contract in contracts_of(archive, root)}
    nearest = min((expiry for expiry in later if expiry >= date), default=None)
    if until is None or nearest is None:
        return f"no standard contract of {underlying.symbol} that expires on {date} or later"
    by = f"on {date}" if until == date else f"from {date} to {until}"
    return (f"no contract of {underlying.symbol} expires {by}; the next expire on {nearest}, "
            f"which `gex --scope {(nearest - date).days}d` or `--scope all` measures")  # fmt: skip


def _open_interest(
    archives: dict[str, Path], first: dt.date, until: dt.date | None, intake: Intake
) -> dict[LeanContract, float]:
    """Open interest by contract, from the morning's figure; what is not there counts 0, what is unreadable is NaN."""
    interest: dict[LeanContract, float] = {}
    for root, archive in archives.items():
        for contract, rows in contract_rows(archive, root, first, until):
            figure = read_model_figure(rows[-1].rpartition(",")[2]) if rows else 0.0
            if figure is Unread.UNREADABLE or (isinstance(figure, float) and not (figure >= 0 and figure.is_integer())):
                intake.count("unreadable_open_interest")
                figure = math.nan
            interest[contract] = figure if isinstance(figure, float) else 0.0
    return interest


def _traded(
    archives: dict[str, Path], date: dt.date, until: dt.date | None, intake: Intake
) -> dict[LeanContract, _Side]:
    """Contracts traded so far by contract, known at each minute's end; one that was not traded is not among them."""
    midnight = new_york(date, dt.time()).timestamp()
    traded: dict[LeanContract, _Side] = {}
    for root, archive in archives.items():
        for contract, rows in contract_rows(archive, root, date, until):
            minutes: list[tuple[float, float]] = []
            for row in rows:
                cells = row.split(",")
                if len(cells) > 5 and cells[0].isdecimal() and cells[5].isdecimal():
                    minutes.append((midnight + int(cells[0]) / 1000 + MINUTE.total_seconds(), float(cells[5])))
                else:
                    intake.count("unreadable_volume")
            minute = _side(minutes)
            traded[contract] = _Side(minute.seconds, np.cumsum(minute.price))
    return traded


def _tape(
    symbol: str,
    session: TradingSession,
    quotes: Sequence[_ContractQuotes],
    interest: dict[LeanContract, float],
    traded: dict[LeanContract, _Side] | None,
    price_times: Iterable[dt.datetime],
    adjusted: int,
) -> ChainTape:
    """The chain at every minute end of the session at which a quote or a price became known.

    `adjusted` contracts were left out, which every chain counts among its defects. Where trades were recorded a
    contract without one has volume 0, else every volume is missing.
    """
    left_out = {"adjusted": adjusted} if adjusted else {}
    ends = {seconds for each in quotes for side in (each.bid, each.ask) for seconds in side.seconds.tolist()}
    first_quote = min(ends, default=math.inf)
    ends.update(time.timestamp() for time in price_times)
    opening, close = session.open.timestamp(), session.close.timestamp()
    seconds = np.array(sorted(end for end in ends if opening <= end <= close), dtype=np.float64)
    bids, bid_seconds = _by_time([each.bid.at(seconds) for each in quotes])
    asks, ask_seconds = _by_time([each.ask.at(seconds) for each in quotes])
    quoted_at = np.minimum(bid_seconds, ask_seconds)  # NaN while a side is missing
    volumes = _volumes([each.contract for each in quotes], traded, seconds)
    times = tuple(dt.datetime.fromtimestamp(second, dt.UTC) for second in seconds.tolist())
    contracts = [each.contract for each in quotes]
    roots = tuple(sorted({contract.root for contract in contracts}))
    unknown = np.full(len(contracts), math.nan)
    strike = np.array([contract.strike for contract in contracts])
    is_call = np.array([contract.right is Right.CALL for contract in contracts])
    expiry = np.array([contract.expiry for contract in contracts], dtype="datetime64[D]")
    root = np.array([roots.index(contract.root) for contract in contracts])
    open_interest = np.array([interest.get(contract, 0.0) for contract in contracts])

    def chain(index: int) -> OptionChain | None:
        if seconds[index] < first_quote:
            return None
        return OptionChain(
            symbol, times[index], roots, strike, is_call, expiry, root, bids[index], asks[index], open_interest,
            unknown, unknown, quoted_at[index], left_out, volumes[index],
        )  # fmt: skip

    return ChainTape(times, chain)


def _by_time(columns: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """(times, contracts) tables of values and of their stamps."""
    return np.stack([values for values, _ in columns], axis=1), np.stack([stamps for _, stamps in columns], axis=1)


def _volumes(contracts: Sequence[LeanContract], traded: dict[LeanContract, _Side] | None, seconds: Floats) -> Floats:
    """(times, contracts) table of the contracts traded so far."""
    volumes = np.full((len(seconds), len(contracts)), math.nan if traded is None else 0.0)
    for column, contract in enumerate(contracts):
        if traded is not None and contract in traded:
            volumes[:, column] = np.nan_to_num(traded[contract].at(seconds)[0])  # nothing before the first trade
    return volumes


def _share_quotes(lean: LeanFolder, symbol: str, date: dt.date) -> Track[Quote | str | None]:
    """The share's quote from each minute's end on, a crossed one as its defect.

    A side that did not change is carried on, and a row is a sign of life of both sides. Rule: SC-008.
    """
    archive = lean.price_archive(symbol, date, "quote")
    if archive is None:
        return Track()
    scale = price_scale(archive)
    bid = ask = None
    shown: list[tuple[dt.datetime, Quote | str | None]] = []
    for cells in price_rows(archive):
        if (start := minute_start(cells[0], date)) is None:
            continue
        end = start + MINUTE
        bid, ask = _cell(cells, BID_CLOSE, scale) or bid, _cell(cells, ASK_CLOSE, scale) or ask
        if bid is not None and ask is not None:
            shown.append((end, share_shown(bid, ask, end)))
    return Track.of(shown)


def _cell(cells: list[str], place: int, scale: int) -> Decimal | None:
    return scaled(cells[place], scale) if len(cells) > place else None


def _spots(lean: LeanFolder, symbol: str, date: dt.date) -> Track[Seen | None]:
    if bars := lean.bars(symbol, date):
        return Track.of((bar.end, Seen(bar.close, bar.end)) for bar in bars)
    archive = lean.price_archive(symbol, date, "quote")
    if archive is None:
        return Track()
    scale = price_scale(archive)
    mids: list[tuple[dt.datetime, Seen | None]] = []
    for cells in price_rows(archive):
        start = minute_start(cells[0], date)
        bid, ask = _cell(cells, BID_CLOSE, scale), _cell(cells, ASK_CLOSE, scale)
        if start is not None and bid is not None and ask is not None and bid <= ask:
            mids.append((start + MINUTE, Seen((bid + ask) / 2, start + MINUTE)))
    return Track.of(mids)


def _vix(lean: LeanFolder, settings: ReplaySettings, session: TradingSession) -> Track[Decimal | None]:
    if settings.vix is not None or settings.vix_file is not None:
        return settings.vix_track(session)
    return Track.of((bar.end, bar.close) for bar in lean.bars(VIX, session.date))


def _previous_close(
    lean: LeanFolder, settings: ReplaySettings, symbol: str, previous: TradingSession | None
) -> Track[Decimal | None]:
    """The last trade up to the close of the session before; trades after hours do not count."""
    bars = () if previous is None else lean.bars(symbol, previous.date)
    regular = [bar.close for bar in bars if previous is not None and bar.end <= previous.close]
    return Track.constant(regular[-1]) if regular else settings.previous_close(previous)


def _bar_source(lean: LeanFolder) -> BarSource:
    """Bars of any share or index in the folder, of any date there: history comes from the same files."""
    day = cache(lean.bars)
    dates = cache(lean.bar_dates)

    def bars(symbol: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        asked = (date for date in dates(symbol) if new_york_date(start) <= date <= new_york_date(end))
        return bars_within((bar for date in asked for bar in day(symbol, date)), seconds, start, end)

    return bars
