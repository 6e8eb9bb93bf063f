"""The gates of the scalping desks on a book, each at and just past its edge. Rules: SC-601..612, SC-1308."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from attrs import evolve

from builders import DAY, a_session, at
from builders_day import ledger_opened
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.holdings.plans import EntryTerms, Opening
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import DayHalted, Halted, OrderAccepted, OrderFilled, OrderIntended, Resumed
from gammacore.domain.legs import ShareLeg
from gammacore.domain.market import Quote
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose
from gammacore.domain.risk.day_profit import Marks, day_profit, opened_on
from gammacore.domain.risk.entry_limits import EntryAccount, SizedEntry, kelly_share, scalping_limits
from gammacore.domain.risk.limits import RiskLimits

OWNER = "st0cka"
LIMITS = scalping_limits(RiskLimits())


class Trades:
    """A book of share trades, one line each."""

    def __init__(self) -> None:
        self.book = Book()
        self.book.apply(ledger_opened())
        self._count = 0

    def bought(
        self, shares: int = 1, price: str = "590", *, risk: str = "1", when: str = "09:40", fees: str = "0",
        owner: str = OWNER, symbol: str = "SPY", fills: bool = True,
    ) -> str:  # fmt: skip
        self._count += 1
        name, order = f"h{self._count}", f"gc-{self._count}"
        ticket = OrderTicket(
            order, Purpose.ENTRY, symbol, name, (ShareLeg(symbol, Side.BUY, closes=False),), shares, Effect.DEBIT,
            Decimal(price), "st0cka",
        )  # fmt: skip
        opens = Opening(owner, symbol, terms=EntryTerms(Decimal(risk)))
        self.book.apply(OrderIntended(at(when), ticket, opens))
        self.book.apply(OrderAccepted(at(when), order, "b"))
        if fills:
            self.book.apply(
                OrderFilled(at(when), order, Execution(shares, Decimal(price), Decimal(fees)), complete=True)
            )
        return name

    def sold(self, name: str, price: str, *, shares: int = 1, when: str = "09:50", books: bool = True) -> None:
        self._count += 1
        order = f"gc-{self._count}"
        ticket = OrderTicket(
            order, Purpose.EXIT, "SPY", name, (ShareLeg("SPY", Side.SELL, closes=True),), shares, Effect.CREDIT, None
        )
        self.book.apply(OrderIntended(at(when), ticket))
        self.book.apply(OrderFilled(at(when), order, Execution(shares, Decimal(price)), complete=True))
        if books:
            held = self.book.holdings[name]
            self.book.apply(
                HoldingClosed(at(when), name, "stop", Decimal(0), held.shares_realised, held.fees, is_trade=False)
            )

    def brought(self, *dollars: str, when: str = "09:50") -> None:
        """Whole trades of one share that ended with so many dollars each."""
        for each in dollars:
            self.sold(self.bought(price="590", when=when), str(Decimal(590) + Decimal(each)), when=when)

    def account(
        self, limits: RiskLimits = LIMITS, *, now: str = "09:55", bid: str | None = None, equity: str | None = "60000",
        power: str | None = "60000",
    ) -> EntryAccount:  # fmt: skip
        quotes = {} if bid is None else {"SPY": Quote(Decimal(bid), Decimal(bid) + 1, at(now))}
        return EntryAccount(
            limits, self.book, a_session(), at(now), Marks(quotes), None if equity is None else Decimal(equity),
            None if power is None else Decimal(power),
        )  # fmt: skip


TOMORROW = DAY.replace(day=6)


def next_day(account: EntryAccount, limits: RiskLimits = LIMITS) -> EntryAccount:
    """The same account at 09:40 of the next session."""
    return evolve(account, now=at("09:40", TOMORROW), session=a_session(date=TOMORROW), limits=limits)


def an_entry(
    notional: str = "590", risk: str = "1", symbols: Sequence[str] = ("SPY",), owner: str = OWNER
) -> SizedEntry:  # fmt: skip
    return SizedEntry(owner, "", tuple(symbols), Decimal(notional), EntryTerms(Decimal(risk)))


def first_no(
    account: EntryAccount, entry: SizedEntry | None = None, *, max_trades: int | None = None,
    max_positions: int | None = None,
) -> str | None:  # fmt: skip
    gates = (
        account.account_gates(OWNER, max_trades=max_trades, max_positions=max_positions)
        if entry is None
        else account.sized_gates(entry)
    )
    return next((gate.verdict.reason for gate in gates if not gate.verdict.passed), None)


# -- the day's profit -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dollars", "reason"), [("-499.99", None), ("-500.00", "daily_loss"), ("-500.01", "daily_loss")]
)
def test_a_loss_of_exactly_the_limit_halts(dollars: str, reason: str | None) -> None:
    """SC-604."""
    trades = Trades()
    trades.brought(dollars)
    assert first_no(trades.account()) == reason
    assert trades.account().halts_day().reason == reason


@pytest.mark.parametrize(("bid", "reason"), [("90.01", None), ("90.00", "daily_loss")])
def test_an_open_loss_alone_halts(bid: str, reason: str | None) -> None:
    """SC-603: judged on the bid."""
    trades = Trades()
    trades.bought(price="590")
    assert first_no(trades.account(bid=bid)) == reason


def test_where_open_losses_do_not_count_only_what_is_realised_does() -> None:
    trades = Trades()
    trades.bought(price="590")
    off = scalping_limits(RiskLimits(count_open_loss=False))
    assert first_no(trades.account(off, bid="1")) is None


def test_the_day_counts_what_live_holdings_have_realised_and_every_fee() -> None:
    """SC-603: one of two sold 10 below, fees 1; the other 5 above at the bid."""
    trades = Trades()
    name = trades.bought(2, "590", fees="1")
    trades.sold(name, "580", books=False)
    profit = day_profit(trades.book, DAY, Marks({"SPY": Quote(Decimal(595), Decimal(596), at("09:55"))}))
    assert (profit.realised, profit.open, profit.total) == (Decimal(-11), Decimal(5), Decimal(-6))
    assert day_profit(trades.book, DAY, None).total == -11
    assert day_profit(trades.book, DAY, Marks()).unmarked == ("SPY",)


def test_losses_of_yesterday_are_not_of_today() -> None:
    trades = Trades()
    trades.brought("-600")
    assert first_no(next_day(trades.account())) is None


@pytest.mark.parametrize(("risk", "reason"), [("200", None), ("200.01", "daily_budget")])
def test_what_a_stop_would_lose_may_end_exactly_at_the_limit(risk: str, reason: str | None) -> None:
    """SC-604: equality passes."""
    trades = Trades()
    trades.brought("-300")
    assert first_no(trades.account(), an_entry(risk=risk)) == reason


# -- the streak -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dollars", "reason"),
    [
        (("-1", "-1"), None),
        (("-1", "-1", "-1"), "loss_streak"),
        (("-1", "-1", "1", "-1"), None),
        (("-1", "-1", "0", "-1"), "loss_streak"),
        (("-1", "-1", "-1", "1"), None),
        (("1", "-1", "-1", "-1"), "loss_streak"),
    ],
)
def test_losses_in_a_row(dollars: tuple[str, ...], reason: str | None) -> None:
    """SC-608: a win sets zero, nothing leaves the count, the newest counts."""
    trades = Trades()
    trades.brought(*dollars)
    assert first_no(trades.account()) == reason


def test_fees_make_a_loss_of_an_even_trade() -> None:
    """SC-608: net."""
    trades = Trades()
    for _ in range(3):
        trades.sold(trades.bought(fees="0.01"), "590")
    assert first_no(trades.account()) == "loss_streak"


def test_the_night_ends_a_streak_unless_it_is_carried() -> None:
    """SC-609: carried on, a row that halted a day has had its day, or it would halt every day for ever."""
    trades = Trades()
    trades.brought("-1", "-1")
    carries = scalping_limits(RiskLimits(carry_streak=True, losses_in_a_row=2))
    assert first_no(next_day(trades.account(), evolve(LIMITS, losses_in_a_row=2))) is None
    assert first_no(next_day(trades.account(), carries)) == "loss_streak"
    trades.book.apply(DayHalted(at("09:51"), DAY, "loss_streak", "2 losses in a row"))
    assert first_no(evolve(trades.account(), limits=carries)) == "halted"
    assert first_no(next_day(trades.account(), carries)) is None


# -- halts and their order --------------------------------------------------------------------------------------------


def test_the_account_gates_are_named_in_their_order() -> None:
    """SC-602."""
    trades = Trades()

    def named(now: str = "09:55") -> str | None:
        return first_no(trades.account(now=now), max_trades=1, max_positions=1)

    assert named() is None
    trades.bought()
    assert first_no(trades.account(), max_positions=1) == "max_positions"
    assert named() == "max_trades"
    trades.brought("-1", "-1", "-1")
    assert named() == "loss_streak"
    trades.brought("-600")
    assert named() == "daily_loss"
    assert named("16:00") == "session_closed"
    trades.book.apply(DayHalted(at("09:51"), DAY, "daily_loss", "-603"))
    assert named("16:00") == "halted"
    trades.book.apply(Halted(at("09:52"), "by hand"))
    assert named("16:00") == "kill_switch"


def test_a_halt_of_the_day_ends_with_the_day_and_a_kill_switch_does_not() -> None:
    """SC-609: nor does clearing the kill switch clear the halt of the day."""
    trades = Trades()
    trades.book.apply(DayHalted(at("09:51"), DAY, "daily_loss", "-603"))
    trades.book.apply(Halted(at("09:52"), "by hand"))
    assert first_no(next_day(trades.account())) == "kill_switch"
    trades.book.apply(Resumed(at("09:53"), "looked at"))
    assert first_no(trades.account()) == "halted"
    assert first_no(next_day(trades.account())) is None


def test_an_entry_of_which_nothing_has_filled_is_neither_a_trade_nor_a_position() -> None:
    """SC-203, SC-233: it is an order in flight."""
    trades = Trades()
    trades.bought(fills=False)
    assert opened_on(trades.book, DAY, OWNER) == ()
    assert first_no(trades.account(), max_trades=1, max_positions=1) is None


def test_what_fails_inside_a_gate_denies() -> None:
    """SC-602: every gate, also those that count trades and positions."""

    class Broken(Book):
        @property
        def live_holdings(self) -> tuple[AnyHolding, ...]:
            raise ZeroDivisionError("planned")

        @property
        def holdings(self) -> Mapping[str, AnyHolding]:
            raise ZeroDivisionError("planned")

    account = evolve(Trades().account(), book=Broken())
    assert first_no(account, max_trades=1, max_positions=1) == "risk_error"
    reasons = {gate.verdict.reason for gate in account.account_gates(OWNER, max_trades=1, max_positions=1)}
    assert reasons == {None, "risk_error"}
    assert first_no(account, an_entry()) == "risk_error"


# -- sized gates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("notional", "reason"), [("15000", None), ("15000.01", "position_cap")])
def test_exactly_a_quarter_of_the_equity_passes(notional: str, reason: str | None) -> None:
    """SC-606."""
    assert first_no(Trades().account(), an_entry(notional)) == reason


@pytest.mark.parametrize(("notional", "reason"), [("14410", None), ("14410.01", "position_cap")])
def test_the_cap_counts_what_the_desk_holds_of_it(notional: str, reason: str | None) -> None:
    """SC-606: 590 held; what another desk holds, or in another share, is not added."""
    trades = Trades()
    trades.bought(price="590")
    trades.bought(price="590", owner="hybrid")
    trades.bought(price="590", symbol="QQQ")
    assert first_no(trades.account(), an_entry(notional)) == reason
    account = trades.account()
    assert account.by_cap(Decimal(10), account.held_in(("SPY",), OWNER)) == 1441


@pytest.mark.parametrize(("risk", "reason"), [("3590", None), ("3590.01", "heat")])
def test_exactly_six_percent_at_risk_passes(risk: str, reason: str | None) -> None:
    """SC-607: 10 at risk already, 3,600 allowed."""
    trades = Trades()
    trades.bought(risk="10")
    account = trades.account(scalping_limits(RiskLimits(daily_loss=Decimal(10_000))))
    assert first_no(account, an_entry(risk=risk)) == reason


def test_what_is_closed_is_at_risk_no_more() -> None:
    trades = Trades()
    trades.sold(trades.bought(risk="3600"), "591", books=False)
    account = trades.account(scalping_limits(RiskLimits(daily_loss=Decimal(10_000))))
    assert first_no(account, an_entry(risk="3600")) is None


@pytest.mark.parametrize(
    ("equity", "power", "reason"),
    [(None, "60000", "equity_unknown"), ("60000", None, "buying_power_unknown"), ("60000", "589.99", "buying_power"),
     ("60000", "590", None)],
)  # fmt: skip
def test_what_the_account_does_not_say_denies(equity: str | None, power: str | None, reason: str | None) -> None:
    assert first_no(Trades().account(equity=equity, power=power), an_entry()) == reason


def test_another_desks_order_in_the_same_share_is_a_conflict_an_own_is_not() -> None:
    """SC-602."""
    trades = Trades()
    trades.bought(fills=False)
    assert first_no(trades.account(), an_entry()) is None
    trades.bought(fills=False, owner="hybrid")
    assert first_no(trades.account(), an_entry()) == "conflict"


def test_the_sized_gates_are_named_in_their_order() -> None:
    """SC-602."""
    trades = Trades()
    trades.bought(fills=False, owner="hybrid")
    account = trades.account(equity="1000", power="1")
    names = [gate.name for gate in account.sized_gates(an_entry("251", "501"))]
    assert names == ["daily_budget", "heat", "position_cap", "buying_power", "conflict"]
    assert all(not gate.verdict.passed for gate in account.sized_gates(an_entry("251", "501")))


# -- settings and Kelly -----------------------------------------------------------------------------------------------


def test_scalping_desks_have_limits_of_their_own_where_nothing_is_set() -> None:
    """SC-601: and what is set holds, off too."""
    plain = RiskLimits()
    assert not plain.sets_scalping_gates
    assert (LIMITS.losses_in_a_row, LIMITS.position_share, LIMITS.heat) == (3, Decimal("0.25"), Decimal("0.06"))
    assert (LIMITS.count_open_loss, LIMITS.flatten_on_daily_loss) == (True, True)
    own = RiskLimits(
        losses_in_a_row=5, position_share=Decimal("0.5"), heat=Decimal("0.1"), count_open_loss=False,
        flatten_on_daily_loss=False,
    )  # fmt: skip
    assert scalping_limits(own) == own


def test_kelly_only_lowers() -> None:
    """SC-612: .55 at 250 / -100 is .0625; too few trades, or none of one kind, a hundredth; no edge nothing."""
    on = RiskLimits(kelly=True)
    wins, losses = [Decimal(250)] * 55, [Decimal(-100)] * 45
    assert kelly_share(RiskLimits(), wins + losses) is None
    assert kelly_share(on, wins + losses) == Fraction(1, 16)
    assert kelly_share(on, (wins + losses)[-19:]) == Fraction(1, 100)
    assert kelly_share(on, [Decimal(1)] * 20) == Fraction(1, 100)
    assert kelly_share(on, [Decimal(-1)] * 20) == Fraction(1, 100)
    assert kelly_share(on, [Decimal(1)] * 10 + [Decimal(-1)] * 10) == 0
    assert kelly_share(on, [Decimal(1000)] * 99 + [Decimal(-1)]) == Fraction(1, 16)
