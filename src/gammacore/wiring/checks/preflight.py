"""What a scalping strategy says before its first order: what is missing, and what the capital must be. SC-616, SC-802.

Nothing here refuses a trade: what is not there refuses the start, the limits refuse an entry, and the rest is advice.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from gammacore.application.diagnose import Check
from gammacore.application.watch_equity import AccountWorth
from gammacore.configuration import Configuration, Settings
from gammacore.domain.broker_facts.day_trading import PATTERN, DayTradingRegime, day_trading_regime
from gammacore.domain.dollars import dollars
from gammacore.domain.ledger import DayFinished, Mode
from gammacore.domain.risk.entry_limits import scalping_limits
from gammacore.domain.scalping.capital import ADVICE, Advice, Asked, Need, advice_for, need_of, straddle_shown
from gammacore.errors import ConfigurationError, StorageError
from gammacore.ports.credentials import CredentialStore
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces
from gammacore.wiring.checks.doctor import diagnose
from gammacore.wiring.controls import events_of
from gammacore.wiring.days import WiredDay
from gammacore.wiring.ledgers.storage import account_ledger, ledger_exists
from gammacore.wiring.service.arming import Armed
from gammacore.wiring.strategies import spec_of

LOOKED_AT = ("credentials", "mode", "extras", "calendar", "broker", "clock", "account", "market_data")
"""The checks of the doctor that a scalping day begins with."""
NO_START = ("credentials", "mode", "extras", "calendar")
"""Those without which there is no day; what else is missing may come back, and a restart must watch what it holds."""
PRACTICE = (
    "trade on paper first, for 14 days",
    "begin with st0cka",
    "add volatility sizing step by step (profile original, then enhanced)",
    "watch the daily limit",
)
"""What the source asks for before real money. Rule: SC-617."""
ENOUGH_SESSIONS = 10


@frozen(eq=False)
class Preflight:
    """What is printed before a scalping day: the table of capital, and remarks, each `code: sentence`.

    `chosen` is the strategy that is about to trade, `price` the underlying's and `equity` the account's, dollars, where
    they are known; `share` is the part of the equity that one position may be.
    """

    chosen: str
    price: Decimal | None
    equity: Decimal | None
    share: Decimal
    rows: tuple[tuple[Advice, Need], ...]
    remarks: tuple[str, ...]
    practice: tuple[str, ...]


def missing_pieces(
    configuration: Configuration, credentials: CredentialStore, places: BrokerPlaces = BROKERS_OWN
) -> tuple[Check, ...]:
    """Everything a scalping day at a real broker lacks, looked at in one go. Nothing is sent. Rule: SC-802.

    Raises:
        ConfigurationError: without what is missing no day can begin; all of it is named at once, with the fixes.
    """
    settings = configuration.settings
    if not (spec_of(settings.trade.strategy).is_scalping and settings.account.broker.is_real):
        return ()
    checks = [check for check in diagnose(configuration, credentials, places=places).checks if not check.ok]
    missing = tuple(check for check in checks if check.name in LOOKED_AT)
    if any(check.name in NO_START for check in missing):
        asks_live = configuration.live.switch or bool(configuration.live.account)
        failed = [check for check in missing if check.asked]
        if failed[0].name == "credentials" and not asks_live:
            failed = [check for check in failed if check.name != "mode"]  # it would only say the same again
        unasked = [check.name for check in missing if not check.asked]
        named = "; ".join(f"({number}) {in_words(check)}" for number, check in enumerate(failed, start=1))
        rest = f". Not asked yet: {', '.join(unasked)}" if unasked else ""
        count = "1 piece is" if len(failed) == 1 else f"{len(failed)} pieces are"
        raise ConfigurationError(f"{settings.trade.strategy} cannot start, {count} missing: {named}{rest}. "
                                 "Nothing was sent; `gammacore doctor` shows all checks")  # fmt: skip
    return missing


def in_words(check: Check) -> str:
    """What is wrong and how to fix it, in one line.

    >>> in_words(Check("clock", False, "3.1 s apart from tradier's", "set it by a time server"))
    "clock: 3.1 s apart from tradier's; set it by a time server"
    """
    return f"{check.name}: {check.detail}" + (f"; {check.fix}" if check.fix and check.fix not in check.detail else "")


def preflight_of(day: WiredDay, armed: Armed) -> Preflight | None:
    """What is printed before a day of a scalping strategy; None for another strategy, and for a day taken up again."""
    settings, book = day.settings, day.trade.ledger.book
    strategy = str(settings.trade.strategy)
    advice = advice_for(strategy)
    if advice is None or (book.day is not None and book.day.date == day.session.date):
        return None
    now = day.trade.clock.now()
    seen = day.market.snapshot(now)
    price = seen.spot or seen.previous_close
    equity = _equity(day, armed)
    scalping, limits = settings.scalping, scalping_limits(settings.limits)
    straddle = straddle_shown(seen.chain, price, day.session.date, scalping.gamma)
    asked = Asked(scalping.st0cka, scalping.gamma, limits, price, straddle)
    needs = {row.strategy: need_of(row.strategy, asked) for row in ADVICE}
    remarks = [
        *_capital(advice, needs[strategy], equity),
        *_day_trades(settings, armed, equity, day),
        *_fees(settings, strategy, price),
    ]
    is_live = armed.mode is Mode.LIVE
    if is_live:
        remarks += _sessions(settings)
    rows = tuple((row, needs[row.strategy]) for row in ADVICE)
    return Preflight(strategy, price, equity, asked.share, rows, tuple(remarks), PRACTICE if is_live else ())


def _equity(day: WiredDay, armed: Armed) -> Decimal | None:
    """What the account is worth; of a study that has not begun, what it begins with."""
    is_study = armed.mode is Mode.STUDY
    if is_study and day.trade.ledger.book.opened is None:
        return day.trade.terms.starting_balance
    return AccountWorth(day.trade.ledger, day.trade.broker, is_study=is_study)(None, day.trade.clock.now())


def _capital(advice: Advice, need: Need, equity: Decimal | None) -> Iterator[str]:
    """Rule: SC-617: it warns and goes on; the cap is what refuses."""
    if equity is None:
        yield "equity_unknown: the broker does not say what the account is worth; no entry is made without it"
        return
    if equity < advice.capital:
        yield f"capital_low: {dollars(equity)} is below the {dollars(advice.capital)} advised for {advice.strategy}"
    if need.least is not None and equity < need.least:
        yield f"capital_low: {dollars(equity)} buys nothing under the position cap, which needs {dollars(need.least)}"


def _day_trades(settings: Settings, armed: Armed, equity: Decimal | None, day: WiredDay) -> Iterator[str]:
    regime = day_trading_regime(armed.broker, day.session.date, settings.account.intraday_margin_since).value
    rule = PATTERN.value
    if regime is DayTradingRegime.PATTERN_DAY_TRADER and equity is not None and equity < rule.minimum_equity:
        yield (
            f"pattern_day_trader: below {dollars(rule.minimum_equity)} {armed.broker} allows {rule.day_trades - 1} "
            f"round trips in {rule.sessions} sessions, and no gamma scalping"
        )


def _fees(settings: Settings, strategy: str, price: Decimal | None) -> Iterator[str]:
    """Where a round trip costs what its target brings, three targets in a row halt the desk. Rules: SC-216, SC-608."""
    rules, fees = settings.scalping.st0cka, 2 * settings.broker.fees.share
    if strategy not in ("st0cka", "hybrid"):
        return
    target = rules.profit_target + (fees if rules.cover_fees else Decimal(0))
    if rules.smart.is_on and price is not None:
        target = rules.smart.target(price)
    if fees >= target:
        yield (
            f"target_below_fees: a target of {target} a share, and a round trip costs {fees} a share; set "
            "scalping.st0cka.cover_fees = true, or a larger profit_target"
        )


def _sessions(settings: Settings) -> Iterator[str]:
    """Sessions finished in the paper account's ledger. Rule: SC-617."""
    place = account_ledger(settings, Mode.PAPER)
    try:
        events = events_of(settings, place) if ledger_exists(settings, place) else []
    except StorageError as wrong:
        yield f"paper_sessions: the paper ledger cannot be read ({wrong})"
        return
    sessions = len({event.date for event in events if isinstance(event, DayFinished)})
    if sessions < ENOUGH_SESSIONS:
        yield f"paper_sessions: {sessions} finished in {place}, {ENOUGH_SESSIONS} asked for before real money"
