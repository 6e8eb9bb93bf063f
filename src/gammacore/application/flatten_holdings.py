"""Close what an account holds with no ledger at hand: by the broker's holdings alone, shorts first, never across zero.

For a ledger that cannot be read. Everything this needs to remember it keeps while it runs: what was held at first, what
its own orders have filled since. Rules: R1, R2, R4, R5, R10. Decision 0033.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define

from gammacore.domain.instruments import OptionContract, Side, contract_of
from gammacore.domain.legs import Leg
from gammacore.domain.option_symbols import by_contract
from gammacore.domain.orders import Effect, OrderState, OrderTicket, Purpose, client_order_id
from gammacore.domain.sessions import new_york_date
from gammacore.errors import BrokerError, BrokerUnavailable, OrderRejected
from gammacore.ports.broker import Broker, unread_in, unread_in_words
from gammacore.ports.clock import Clock

RETRY = dt.timedelta(seconds=10)
"""From the end of an order that did not fill to the next, and from one call back to the next (ours)."""
ABSENT_AFTER = dt.timedelta(seconds=30)
"""An order without an answer that the broker has not shown for so long never arrived (ours). Rule: R4."""

Note = Callable[[Mapping[str, Any]], None]
"""Takes one line of what is done, before it is done: the only record there is."""


@define
class _Sent:
    """One order of ours, and what is known of it."""

    ticket: OrderTicket
    at: dt.datetime
    ended_at: dt.datetime | None = None
    filled: int = 0
    state: OrderState = OrderState.INTENDED

    @property
    def at_work(self) -> int:
        return 0 if self.ended_at is not None else self.ticket.quantity - self.filled


class FlattenHoldings:
    """Call `step` until it returns True, or patience ends; each step is one look at the account."""

    def __init__(self, broker: Broker, clock: Clock, *, account: str, lineage: str, note: Note) -> None:
        """`lineage` is that of the ledger where it is known: its next start recognises the orders by their ids."""
        self._broker = broker
        self._clock = clock
        self._account = account
        self._lineage = lineage
        self._note = note
        self._began = clock.now()
        self._first: dict[str, int] = {}
        self._sent: list[_Sent] = []
        self._asked_back: dict[str, dt.datetime] = {}
        self.held: Mapping[str, int] | None = None
        """Contracts that still trade, as the broker showed them last; None before it answered."""
        self.left_alone: Mapping[str, int] = {}
        """What else the account holds: shares, what expired, symbols that cannot be read."""
        self.problem = ""
        """What kept the last step from going on."""

    @property
    def orders(self) -> tuple[dict[str, Any], ...]:
        return tuple(
            {
                "id": one.ticket.id,
                "purpose": str(one.ticket.purpose),
                "position": one.ticket.holding,
                "quantity": one.ticket.quantity,
                "filled": one.filled,
                "state": str(one.state),
            }
            for one in self._sent
        )

    def step(self) -> bool:
        """One look: orders of ours, orders of others, holdings; then what may be sent. True: nothing is held."""
        self.problem = ""
        for one in self._sent:
            if one.state not in (OrderState.FILLED, OrderState.REJECTED):  # a canceled one may have filled after all
                self._look_up(one)
        try:
            others_work = self._call_back_the_others()
            shown = self._broker.holdings()
        except BrokerError as outage:
            self.problem = f"the account cannot be seen: {outage}"
            return False
        self._take(by_contract(shown))
        if unread := unread_in(shown):
            self.problem = f"what is held of {unread_in_words(unread)} cannot be read"
        is_flat = not self.held and not self.problem and not any(one.at_work for one in self._sent)
        if is_flat or others_work:
            return is_flat
        shorts = {symbol for symbol in self._first if self._first[symbol] < 0 and self._is_open(symbol)}
        for symbol in sorted(shorts):
            self._close(symbol)
        covered = {_series(symbol) for symbol in shorts}
        for symbol in sorted(self._first):
            if self._first[symbol] > 0 and _series(symbol) not in covered:
                self._close(symbol)
        return False

    def _take(self, held: Mapping[str, int]) -> None:
        today = new_york_date(self._clock.now())
        traded = {symbol: count for symbol, count in held.items() if _still_trades(symbol, today)}
        self.held, self.left_alone = traded, {s: count for s, count in held.items() if s not in traded}
        for symbol, count in traded.items():
            self._first.setdefault(symbol, count)

    def _is_open(self, symbol: str) -> bool:
        return bool((self.held or {}).get(symbol)) or any(o.at_work for o in self._sent if symbol in o.ticket.symbols)

    def _left(self, symbol: str) -> int:
        """Contracts to close: of those held at first less what filled or works, and never more than are held now.

        The broker's list may be older than its fills, or leave a row out; either way too little is sent, not too much.
        """
        first, now = self._first[symbol], (self.held or {}).get(symbol, 0)
        if first * now <= 0:
            return 0
        ours = [one for one in self._sent if symbol in one.ticket.symbols]
        return min(abs(now), abs(first) - sum(one.filled + one.at_work for one in ours))

    def _close(self, symbol: str) -> None:
        ours = [one for one in self._sent if symbol in one.ticket.symbols]
        now, left, contract = self._clock.now(), self._left(symbol), contract_of(symbol)
        waits = any(one.at_work or (one.ended_at is not None and now - one.ended_at < RETRY) for one in ours)
        if left <= 0 or waits or contract is None:
            return
        one = _Sent(self._ticket(contract, left, len(ours) + 1), now)
        self._note({"at": now.isoformat(), "intended": one.ticket.id, "side": one.ticket.legs[0].side.value,
                    "quantity": left, "symbol": symbol})  # fmt: skip
        self._sent.append(one)
        try:
            self._broker.submit(one.ticket)
        except OrderRejected as refusal:
            self._end(one, OrderState.REJECTED, refusal.reason)
        except BrokerUnavailable as outage:  # nothing left
            self._end(one, OrderState.NOT_SENT, str(outage))
        except BrokerError as doubt:
            one.state = OrderState.UNKNOWN
            self._note({"at": now.isoformat(), "unknown": one.ticket.id, "detail": str(doubt)})
        else:
            one.state = OrderState.ACCEPTED

    def _ticket(self, contract: OptionContract, count: int, attempt: int) -> OrderTicket:
        """One leg at market; the run's own instant is in the id, so that no later run's order is taken for it."""
        symbol, is_short = contract.occ, self._first[contract.occ] < 0
        now = self._clock.now()
        name = client_order_id(
            account=self._account, lineage=self._lineage, strategy="flatten", underlying=contract.underlying,
            day=new_york_date(now), position=f"{symbol} {self._began.isoformat()}", step="flatten", attempt=attempt,
        )  # fmt: skip
        return OrderTicket(
            id=name,
            purpose=Purpose.EMERGENCY,
            underlying=contract.underlying,
            holding=symbol,
            legs=(Leg(contract, Side.BUY if is_short else Side.SELL),),
            quantity=count,
            effect=Effect.DEBIT if is_short else Effect.CREDIT,
            limit=None,
            reason="flatten by holdings",
        )

    def _look_up(self, one: _Sent) -> None:
        now = self._clock.now()
        try:
            report = self._broker.order(one.ticket.id)
        except BrokerError:
            return
        if report is None:
            if one.ended_at is None and one.state is OrderState.UNKNOWN and now - one.at >= ABSENT_AFTER:
                self._end(one, OrderState.NOT_SENT, "the broker has no such order")
            return
        reported = [fill.quantity for fill in report.execution.legs if fill.symbol in one.ticket.symbols]
        one.filled = max(one.filled, report.execution.quantity, *reported)
        if one.ended_at is None or report.state is OrderState.FILLED:
            one.state = report.state
        if one.ended_at is None and report.state.is_final:
            self._end(one, report.state, report.reason)

    def _end(self, one: _Sent, state: OrderState, detail: str) -> None:
        one.state, one.ended_at = state, self._clock.now()
        self._note({"at": one.ended_at.isoformat(), "ended": one.ticket.id, "state": str(state),
                    "filled": one.filled, "detail": detail})  # fmt: skip
        if detail and state is not OrderState.FILLED:
            self.problem = f"order {one.ticket.id} {state}: {detail}"

    def _call_back_the_others(self) -> bool:
        """Whether an order works that is not ours: beside it a close could cross zero, so it is called back first.

        Raises:
            BrokerError: the orders cannot be seen.
        """
        ours, now = {one.ticket.id for one in self._sent}, self._clock.now()
        working = [report for report in self._broker.orders() if report.id not in ours and not report.state.is_final]
        for report in working:
            if report.id in self._asked_back and now - self._asked_back[report.id] < RETRY:
                continue
            self._asked_back[report.id] = now
            self._note({"at": now.isoformat(), "called back": report.id})
            try:
                self._broker.cancel(report.id)
            except BrokerError as refusal:
                self.problem = f"order {report.id} works and cannot be called back: {refusal}"
        if working and not self.problem:
            self.problem = f"order {working[0].id} works and is called back"
        return bool(working)


def _still_trades(symbol: str, today: dt.date) -> bool:
    contract = contract_of(symbol)
    return contract is not None and contract.expiry >= today


def _series(symbol: str) -> tuple[object, ...]:
    contract = contract_of(symbol)
    assert contract is not None
    return contract.root, contract.expiry, contract.right
