"""Is everything there that a run needs? Each check a value: what was found, and how to fix what is wrong.

Whoever asks passes what is to be looked at; a part that fails to answer is itself a finding, never the end of the
others. Rules: cli.md (doctor), R7, CS-418.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from attrs import frozen

from gammacore.domain.dated_table import Coverage, Horizon
from gammacore.domain.dollars import dollars
from gammacore.domain.sessions import NEW_YORK, BrokerClock, new_york_date
from gammacore.errors import BrokerError, GammacoreError
from gammacore.ports.broker import Broker, BrokerAccount
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.market_data import MarketData

NO_ANSWER = "the broker does not answer"


@frozen
class Check:
    """One thing looked at: whether it is as it must be, what was seen, and what to do if it is not.

    `asked` is False for what another failure kept from being looked at: it is not ok, and it did not fail either.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""
    asked: bool = True

    @property
    def status(self) -> str:
        """ok, failed or not_asked."""
        if self.ok:
            return "ok"
        return "failed" if self.asked else "not_asked"


Probe = Callable[[], Check]


def passed(name: str, detail: str) -> Check:
    return Check(name, ok=True, detail=detail)


def failed(name: str, detail: str, fix: str) -> Check:
    return Check(name, ok=False, detail=detail, fix=fix)


def not_asked(name: str, why: str, fix: str) -> Check:
    return Check(name, ok=False, detail=f"not asked: {why}", fix=fix, asked=False)


def probed(name: str, probe: Probe, fix: str) -> Check:
    """The answer of a probe; one that raises is a failed check with its own words."""
    try:
        return probe()
    except GammacoreError as fault:
        return failed(name, str(fault), fix)


@frozen
class ExamineBroker:
    """Asks a broker for its clock, the account and the option level: five checks.

    `require_account` raises ConfigurationError for a number that is not the account meant. `needed` dollars is what the
    smallest trade may lose. A paper account (`play_money`) need not say its option level: the sandbox knows no profile.
    """

    name: str
    broker: Broker
    clock: Clock
    require_account: Callable[[str], None]
    option_level: Callable[[], int | None]
    needed_level: int
    most_skew_seconds: float
    needed: Decimal
    play_money: bool = False

    def __call__(self) -> tuple[Check, ...]:
        try:
            reported = self.broker.clock()
        except BrokerError as silence:
            return tuple(self._unreachable(silence))
        session = "open" if reported.is_open else "closed"
        return (
            passed("broker", f"{self.name} answers; its market is {session}"),
            self._clock(reported),
            *self._account(),
            probed("option_level", self._level, "see whether the account is approved for options"),
        )

    def _unreachable(self, silence: BrokerError) -> Iterator[Check]:
        fix = f"check the connection and {self.name}'s status page; renew the token or keys if they were refused"
        yield failed("broker", str(silence), fix)
        for name in ("clock", "account", "buying_power", "option_level"):
            yield not_asked(name, NO_ANSWER, "fix the broker first")

    def _clock(self, reported: BrokerClock) -> Check:
        skew = reported.skew_seconds(self.clock.now())
        detail = f"{skew:.1f} s apart from {self.name}'s, at most {self.most_skew_seconds:g} s"
        if skew > self.most_skew_seconds:
            return failed("clock", detail, "set this machine's clock by a time server (chrony, systemd-timesyncd)")
        return passed("clock", detail)

    def _account(self) -> tuple[Check, Check]:
        try:
            account = self.broker.account()
            self.require_account(account.number)
        except GammacoreError as fault:
            fix = "see that the account number is that of the token or keys, and that the account is open"
            return failed("account", str(fault), fix), not_asked(
                "buying_power", "the account does not answer", "fix the account first"
            )
        return self._free_to_trade(account), self._buying_power(account)

    def _free_to_trade(self, account: BrokerAccount) -> Check:
        detail = f"answers, balance {dollars(account.balance)}"
        if account.barred:
            fix = f"see why in the account's settings or ask {self.name}; until then exits are refused too"
            return failed("account", f"{detail}; takes no orders: {account.barred}", fix)
        return passed("account", detail)

    def _buying_power(self, account: BrokerAccount) -> Check:
        detail = (
            f"{dollars(account.option_buying_power)} for options, {dollars(self.needed)} risked by the smallest trade"
        )
        if account.option_buying_power < self.needed:
            return failed(
                "buying_power", detail, "pay money in, close positions, or trade an underlying with smaller widths"
            )
        return passed("buying_power", detail)

    def _level(self) -> Check:
        name, needed = "option_level", f"spreads need {self.needed_level}"
        try:
            level = self.option_level()
        except BrokerError:
            if not self.play_money:
                raise
            level = None
        if level is None and self.play_money:
            return passed(name, f"{self.name}'s paper account does not say; at a live one {needed}")
        if level is None:
            return failed(
                name, f"{self.name} does not say", f"see that spreads (level {self.needed_level}) are granted"
            )
        detail = f"level {level}, spreads need {self.needed_level}"
        if level < self.needed_level:
            return failed("option_level", detail, f"apply for option level {self.needed_level} with {self.name}")
        return passed("option_level", detail)


@frozen
class ExamineMarket:
    """Looks at the market once: is there a price, is it fresh, may it be decided on. Rules: CS-014, CS-418."""

    market: MarketData
    clock: Clock
    is_delayed: bool
    is_open: bool
    fix_delay: str

    def __call__(self) -> Check:
        name, market, now = "market_data", self.market, self.clock.now()
        seen = market.snapshot(now)
        if seen.spot is None or seen.spot_at is None:
            if not self.is_open:
                return passed(name, f"{market.label}: answers; no price while the market is closed")
            return failed(
                name, f"{market.label}: no price of {seen.underlying}", "see the underlying and the data plan"
            )
        age = (now - seen.spot_at).total_seconds()
        quotes = 0 if seen.chain is None else len(seen.chain)
        detail = f"{market.label}: {seen.underlying} {seen.spot}, {age:.0f} s old, {quotes} quotes"
        if self.is_delayed:
            return failed(name, f"{detail}; delayed, not for decisions", self.fix_delay)
        if not self.is_open:
            return passed(name, f"{detail}; the market is closed")
        if not seen.fresh(seen.spot_at):
            return failed(
                name, f"{detail}; older than {seen.quote_age_limit:.0f} s", "see the connection and the data plan"
            )
        return passed(name, detail)


def check_calendar(calendar: Calendar, now: dt.datetime, tables: Iterable[Horizon] = ()) -> Check:
    """Whether the calendar, and every other table with dates in it, knows today; a holiday is an answer.

    A table that ends within 60 days is a warning, one that has ended is a failure. Rules: CS-304, CS-367.
    """
    today, known = new_york_date(now), tuple(tables)
    warned = [(table, warning) for table in known if (warning := table.warning(today)) is not None]
    ends = "".join(f"; {table.table} known to {table.last}" for table in known)
    detail = f"{_session_of(calendar, today)}{ends}"
    if not warned:
        return passed("calendar", detail)
    detail = "; ".join((*(f"warning: {warning}" for _, warning in warned), detail))
    is_known = all(table.coverage(today) is Coverage.KNOWN for table, _ in warned)
    return Check("calendar", is_known, detail, "; ".join(table.fix for table, _ in warned))


def _session_of(calendar: Calendar, today: dt.date) -> str:
    session = calendar.session(today)
    if session is None:
        return f"{today} is no session; the next one is {calendar.next_session(today).date}"
    opening, close = (bell.astimezone(NEW_YORK) for bell in (session.open, session.close))
    half = ", a half day" if session.early_close else ""
    return f"{today} trades {opening:%H:%M} to {close:%H:%M} New York{half}"


def failures(checks: Iterable[Check]) -> tuple[str, ...]:
    """The names of the checks that failed; those that were not asked are not among them."""
    return tuple(check.name for check in checks if check.status == "failed")


def unasked(checks: Iterable[Check]) -> tuple[str, ...]:
    """The names of the checks that another failure kept from being asked."""
    return tuple(check.name for check in checks if check.status == "not_asked")
