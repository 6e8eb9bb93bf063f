"""What the old files hold, as a preview, and as the first events of a new ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from attrs import evolve, frozen

from gammacore.adapters.legacy.orders import LegacyOrder, read_orders
from gammacore.adapters.legacy.records import Refusal
from gammacore.adapters.legacy.trades import LegacyBalance, LegacyTrades, read_balance, read_trades
from gammacore.domain.desks.orphans import orphan_policy
from gammacore.domain.dollars import to_cents
from gammacore.domain.holding_events import CloseDecided, HoldingAdopted, PolicyRecorded
from gammacore.domain.holdings.holding import SPREADS, Origin
from gammacore.domain.holdings.plans import SpreadTerms, policy_id
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.ledger import AlarmRaised, Event, HistoryImported, LedgerOpened, Mode
from gammacore.errors import InvalidInput, MissingData

ORDERS, BALANCE, TRADES = "orders.json", "account_balance.json", "trades.csv"


@frozen
class LegacyImport:
    """A preview: open positions, balance and record of the old desk, and what was refused. Nothing is written by it.

    `found` names the files that were there. `balance` and `journal` are None when the file is absent or refused.
    """

    found: tuple[str, ...]
    positions: tuple[LegacyOrder, ...] = ()
    balance: LegacyBalance | None = None
    journal: LegacyTrades | None = None
    refused: tuple[Refusal, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing of it could be read."""
        return self.balance is None and self.journal is None and not self.positions

    @property
    def history(self) -> tuple[Decimal, ...]:
        """Gross P/L per contract, oldest first, each trade once. Rule: CS-603.

        The balance file has the last 50, the journal more: the journal counts when it ends with those very trades.
        """
        kept = () if self.balance is None else self.balance.results
        journalled = () if self.journal is None else self.journal.results
        return journalled if _ends_with(journalled, kept) else kept

    @property
    def total_trades(self) -> int:
        """All trades the old desk closed."""
        return max(len(self.history), 0 if self.balance is None else self.balance.total_trades)

    @property
    def history_source(self) -> str:
        """The file the record was taken from; empty without a record."""
        if not self.history:
            return ""
        from_journal = self.journal is not None and self.history == self.journal.results
        return TRADES if from_journal else BALANCE

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know before it is written."""
        notes = [f"{order.order_id}: {note}" for order in self.positions for note in order.notes]
        if unread := sum(refusal.file == ORDERS for refusal in self.refused):
            notes.append(
                f"{ORDERS}: {unread} refused; what is open there and not taken over is quarantined when the broker "
                "shows it, and never closed by this desk"
            )
        if BALANCE not in self.found:
            notes.append(f"no {BALANCE}: the new ledger begins with the configured starting capital")
        if self.journal is not None and self.balance is not None and self.history_source == BALANCE:
            notes.append(f"{TRADES} does not end with the trades of {BALANCE}; sizing goes by {BALANCE}")
        return tuple(notes)

    def events(
        self,
        at: dt.datetime,
        *,
        account: str,
        lineage: str,
        policy: StopPolicy,
        starting_capital: Decimal,
        mode: Mode = Mode.PAPER,
    ) -> tuple[Event, ...]:
        """The first events of a new ledger: opened with the old balance, its record, its open positions.

        Raises:
            InvalidInput: the balance or the orders are there and unreadable: no default stands in for a balance, and
                an unreadable file of positions is never none (CS-565, CS-609).
        """
        if any(refusal.file == ORDERS and refusal.index is None for refusal in self.refused):
            raise InvalidInput(ORDERS, "unreadable", "repair it first: open positions are never dropped (CS-565)")
        if self.balance is None and BALANCE in self.found:
            raise InvalidInput(BALANCE, "unreadable", "repair it first: a balance is never made up (CS-609)")
        opening = starting_capital if self.balance is None else self.balance.balance
        events: list[Event] = [LedgerOpened(at, account, mode, lineage, opening)]
        if self.total_trades:
            events.append(HistoryImported(at, self.history, self.total_trades, self.history_source or BALANCE))
        for order in self.positions:
            events.extend(_adopted(order, at, policy))
        return tuple(events)


def read_legacy(folder: Path) -> LegacyImport:
    """Read whichever of the three files the folder has; other tables named trades*.csv are refused by their header.

    Raises:
        MissingData: no such folder, or none of the files in it.
    """
    if not folder.is_dir():
        raise MissingData(f"{folder}: no such folder; give the one with {ORDERS}, {BALANCE} and {TRADES}")
    preview = LegacyImport(found=())
    for name, take in ((ORDERS, _with_orders), (BALANCE, _with_balance), (TRADES, _with_trades)):
        if (path := folder / name).is_file():
            preview = take(evolve(preview, found=(*preview.found, name)), path)
    for path in sorted(folder.glob("trades?*.csv")):
        preview = _besides(evolve(preview, found=(*preview.found, path.name)), path)
    if not preview.found:
        raise MissingData(f"{folder}: none of {ORDERS}, {BALANCE} and {TRADES} is there")
    return preview


def _with_orders(preview: LegacyImport, path: Path) -> LegacyImport:
    positions, refused = read_orders(path)
    return evolve(preview, positions=positions, refused=(*preview.refused, *refused))


def _with_balance(preview: LegacyImport, path: Path) -> LegacyImport:
    balance, refused = read_balance(path)
    return evolve(preview, balance=balance, refused=(*preview.refused, *refused))


def _with_trades(preview: LegacyImport, path: Path) -> LegacyImport:
    journal, refused = read_trades(path)
    return evolve(preview, journal=journal, refused=(*preview.refused, *refused))


def _besides(preview: LegacyImport, path: Path) -> LegacyImport:
    """A table beside `trades.csv`: refused for its layout, or else because one journal is one file."""
    journal, refused = read_trades(path)
    if journal is not None:
        refused = (Refusal(path.name, "file", f"a second journal; put its rows into {TRADES}"),)
    return evolve(preview, refused=(*preview.refused, *refused))


def _ends_with(journalled: tuple[Decimal, ...], kept: tuple[Decimal, ...]) -> bool:
    """Whether the longer record ends with the shorter one, to the cent."""
    if len(journalled) < len(kept):
        return False
    last = journalled[len(journalled) - len(kept) :]
    return all(to_cents(one) == to_cents(other) for one, other in zip(last, kept, strict=True))


def _adopted(order: LegacyOrder, at: dt.datetime, policy: StopPolicy) -> Iterator[Event]:
    """The entry as far as the record has it, under today's stops; an orphan's target is 50 %. Rule: CS-575."""
    policy = policy.at_entry(order.vix)
    if order.orphan:
        policy = orphan_policy(policy)
    yield PolicyRecorded(at, policy_id(policy), policy)
    yield HoldingAdopted(
        at=at,
        holding=order.order_id,
        owner=SPREADS,
        underlying=order.spread.underlying,
        origin=Origin.ORPHAN if order.orphan else Origin.IMPORTED,
        symbols={leg.contract.occ: leg.side.sign * order.contracts for leg in order.spread.opening_legs},
        price=order.credit,
        opened_at=order.opened_at,
        contracts=order.contracts,
        spread=SpreadTerms(
            strategy=order.strategy,
            direction=order.direction,
            confidence=order.confidence,
            expected_credit=order.credit,
            price=order.price,
            pin=Decimal(0),
            vix=order.vix,
            scheduled_at=order.opened_at,
            policy=policy_id(policy),
            spread=order.spread,
        ),
        watch=order.watch,
    )
    if order.unknown_underlying:
        detail = f"the underlying of {order.spread.symbols[0]} is in no registry; its exits use k = s = 1"
        yield AlarmRaised(at, "unknown_underlying", detail, order.order_id)
    if order.closing:
        detail = f"the old desk was closing it ({order.closing}); it stays a position until the broker shows it gone"
        yield CloseDecided(at, order.order_id, order.closing, None, detail)
