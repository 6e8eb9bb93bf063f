"""Take in what the broker holds and no book has: adopt what our orders opened, quarantine the rest. CS-573..575."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import count

from attrs import evolve

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.desks.orphans import AcquiredLeg, ReconcileRules, find_orphans, orphan_policy
from gammacore.domain.holding_events import HoldingAdopted, PolicyRecorded
from gammacore.domain.holdings.holding import Origin, is_spread
from gammacore.domain.holdings.plans import policy_id
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import Underlying, parse_occ, roots_of
from gammacore.domain.ledger import AlarmRaised, Event, HoldingsQuarantined
from gammacore.domain.legs import underlying_at_exit
from gammacore.domain.orders import OrderReport, lineage_mark
from gammacore.ports.clock import Clock


class ReconcileVerdict(StrEnum):
    """What became of one symbol that differs (or of none)."""

    MATCH = "match"
    ADOPTED = "adopted"
    QUARANTINED = "quarantined"
    MISSING = "missing"
    LOOK_AGAIN = "look_again"
    UNREACHABLE = "unreachable"


class TakeIn:
    """Records what becomes of contracts that no holding explains. Rules: CS-413, CS-573..575."""

    def __init__(
        self, ledger: DayLedger, clock: Clock, rules: ReconcileRules, policy: StopPolicy,
        underlyings: Mapping[str, Underlying],
    ) -> None:  # fmt: skip
        """`policy` are the stops an orphan gets, `underlyings` what its option root may belong to."""
        self._ledger = ledger
        self._clock = clock
        self._rules = rules
        self._policy = policy
        self._underlyings = underlyings

    def __call__(
        self, unknown: Mapping[str, int], reports: Sequence[OrderReport] | None
    ) -> dict[str, ReconcileVerdict]:
        """Adopt what our orders have opened, quarantine the rest; a leg quarantined before may find its other one.

        Without the broker's orders it is not known whose it is: it is looked at again. Rules: CS-573..575.
        """
        book, now = self._ledger.book, self._clock.now()
        if reports is None:
            return dict.fromkeys(unknown, ReconcileVerdict.LOOK_AGAIN)
        found = find_orphans(
            {**book.quarantined, **unknown}, filter(self._is_unexplained, reports), at=now, rules=self._rules,
            mine=self._mark(), policy=self._policy, taken=book.holdings, roots=roots_of(self._underlyings),
        )  # fmt: skip
        adopted = {symbol for orphan in found.adopted for symbol in orphan.symbols}
        adopted |= {leg.contract.occ for leg in found.naked}
        foreign = {symbol: held for symbol, held in found.rest.items() if symbol in unknown}
        stranded = self._strand(found.naked)
        self._ledger.record(*self._adopt(found.adopted), *stranded, *self._quarantine(found.rest, foreign))
        ours, others = ReconcileVerdict.ADOPTED, ReconcileVerdict.QUARANTINED
        return {symbol: ours if symbol in adopted else others for symbol in unknown}

    def _mark(self) -> str:
        opened = self._ledger.book.opened
        return "" if opened is None else lineage_mark(opened.lineage)

    def _is_unexplained(self, report: OrderReport) -> bool:
        """Whether no live holding has this order's fills: what a booked spread sold and is held again was never gone.

        Rules: CS-565, CS-574.
        """
        book = self._ledger.book
        if (order := book.order(report.id)) is None:
            return True
        owner = book.holdings[order.ticket.holding]
        return is_spread(owner) and owner.has_filled and not owner.is_live

    def release(self, symbol: str) -> None:
        """Quarantined contracts that are gone from the broker are gone from the limits."""
        rest = {known: gap for known, gap in self._ledger.book.quarantined.items() if known != symbol}
        detail = f"{symbol} is no longer at the broker"
        self._ledger.record(HoldingsQuarantined(self._clock.now(), rest, detail))

    def _adopt(self, orphans: Iterable[HoldingAdopted]) -> Iterator[Event]:
        """The adopted spreads, after the stop policy they get; an underlying of no registry is an alarm."""
        now, policy = self._clock.now(), orphan_policy(self._policy)
        is_recorded = self._ledger.book.knows_policy(policy_id(policy))
        for orphan in orphans:
            if not is_recorded:
                is_recorded = True
                yield PolicyRecorded(now, policy_id(policy), policy)
            yield orphan
            short = next(parse_occ(symbol) for symbol, held in orphan.symbols.items() if held < 0)
            if underlying_at_exit(evolve(short, underlying=orphan.underlying), self._underlyings)[1]:
                detail = f"the underlying of {short.occ} is in no registry; its exits use k = s = 1"
                yield AlarmRaised(now, "unknown_underlying", detail, orphan.holding)

    def _strand(self, naked: Iterable[AcquiredLeg]) -> Iterator[Event]:
        """A naked short of ours that no book has is taken into one, to be bought back. Rules: CS-413, CS-574."""
        now, taken, owner = self._clock.now(), self._ledger.book.holdings, str(Origin.STRANDED)
        for leg in naked:
            symbol = leg.contract.occ
            name = next(name for n in count(1) if (name := f"{symbol}-{owner}-{n}") not in taken)
            held = {symbol: leg.held}
            yield HoldingAdopted(now, name, owner, leg.contract.underlying, Origin.STRANDED, held, leg.price, now)
            detail = f"{leg.held:+d} {symbol} sold by an order of ours stands uncovered; bought back at market"
            yield AlarmRaised(now, "naked_short", detail, name)

    def _quarantine(self, holdings: Mapping[str, int], foreign: Mapping[str, int]) -> Iterator[Event]:
        """All that is quarantined from now on, and an alarm for each symbol that is new in it. Rule: CS-574."""
        if not foreign and holdings == self._ledger.book.quarantined:
            return
        details = [
            f"{held:+d} {symbol} at the broker is in no book of ours; never traded, counted in the limits"
            for symbol, held in foreign.items()
        ]
        now = self._clock.now()
        yield HoldingsQuarantined(now, dict(holdings), "; ".join(details) or "what was adopted is no longer foreign")
        for detail in details:
            yield AlarmRaised(now, "quarantined", detail)
