"""The environment variables of the scalping desks, one table: what each sets, and what is refused. Rules: SC-701..709.

Their settings are read by `configuration.sources`, their credentials by `wiring.desk_keys`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import frozen

from gammacore.domain.written_figures import read_figure
from gammacore.errors import ConfigurationError

STRATEGY_MODES = ("st0cka", "st0ckg", "gamma_scalping", "hybrid")
"""What STRATEGY_MODE may be; a hyphen may stand for the underscore."""
SQLITE = "sqlite:///"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_WITH_THE_LETTER = re.compile(r"STOCK([AG](?:KEY|SECRET))")


@frozen
class Variable:
    """One row of the table: the setting it gives (`key`), what it stands for, whether it may be shown.

    Without a key it is a credential (`is_credential`), or known and not used. `read` turns its text into the setting's
    raw value; the setting itself refuses what it cannot be.
    """

    name: str
    about: str
    key: str = ""
    read: Callable[[str, str], Any] = lambda _where, text: text
    is_credential: bool = False
    is_secret: bool = False


@frozen
class KeyPair:
    """The two variables of an Alpaca key pair, that is used whole or not at all. Rule: SC-706."""

    key: str
    secret: str

    @property
    def names(self) -> tuple[str, str]:
        return self.key, self.secret

    def __str__(self) -> str:
        return f"{self.key} and {self.secret}"


ST0CKA_PAIR = KeyPair("ST0CKAKEY", "ST0CKASECRET")
ST0CKG_PAIR = KeyPair("ST0CKGKEY", "ST0CKGSECRET")
FALLBACK_PAIR = KeyPair("TRADING_API_KEY", "TRADING_API_SECRET")
PAIRS = (ST0CKA_PAIR, ST0CKG_PAIR, FALLBACK_PAIR)
PAIR_OF_STRATEGY: Mapping[str, KeyPair] = {
    "st0cka": ST0CKA_PAIR,
    "st0ckg": ST0CKG_PAIR,
    "gamma-scalping": ST0CKA_PAIR,
    "hybrid": ST0CKA_PAIR,
}
"""The pair each strategy takes; `FALLBACK_PAIR` where that one is not there. Other strategies take none. SC-706."""


def _strategy(where: str, text: str) -> str:
    """
    >>> _strategy("STRATEGY_MODE", "Gamma_Scalping")
    'gamma-scalping'
    """
    mode = text.lower().replace("-", "_")
    if mode not in STRATEGY_MODES:
        raise ConfigurationError(f"{where}: {text!r} is not valid; give one of {', '.join(STRATEGY_MODES)}")
    return mode.replace("_", "-")


def _daily_loss(where: str, text: str) -> Decimal:
    """Written below 0 there, above 0 in our settings. Rule: SC-601.

    >>> _daily_loss("MAX_DAILY_LOSS", "-500")
    Decimal('500')
    """
    loss = read_figure(text)
    if not isinstance(loss, Decimal) or loss >= 0:
        raise ConfigurationError(f"{where}: {text!r} is not valid; give a loss below 0, in dollars, like -500")
    return -loss


def _ledger_file(where: str, text: str) -> Path:
    """
    >>> _ledger_file("DATABASE_URL", "sqlite:///ledgers/st0cka.sqlite").as_posix()
    'ledgers/st0cka.sqlite'
    """
    path = text.removeprefix(SQLITE)
    if path == text or not path.strip("/"):
        scheme = _SCHEME.match(text)  # the rest may hold a password
        given = f"the scheme {scheme[1]}" if scheme and not text.startswith("sqlite:") else "a text without a file"
        raise ConfigurationError(
            f"{where}: {given} is not supported; give {SQLITE}FILE, or leave it out and set storage.kind = "
            '"firestore" for Firestore'
        )
    return Path(path)


TABLE = (
    Variable(
        "STRATEGY_MODE", f"The strategy that is traded: {', '.join(STRATEGY_MODES)}.", "trade.strategy", _strategy
    ),
    *(
        Variable(name, f"Alpaca's key pair of {whose}: {half}.", is_credential=True, is_secret=True)
        for pair, whose in (
            (ST0CKA_PAIR, "st0cka, gamma-scalping and hybrid"),
            (ST0CKG_PAIR, "st0ckg"),
            (FALLBACK_PAIR, "any of them where its own is not there"),
        )
        for name, half in zip(pair.names, ("key", "secret"), strict=True)
    ),
    Variable("ALPACA_BASE_URL", "Alpaca's address; it must be that of the mode.", "alpaca.base_url"),
    Variable("INITIALIZATION_MODE", "How gamma scalping starts: init or resume.", "scalping.gamma.init_mode"),
    Variable("MAX_DAILY_LOSS", "The day's loss that ends it, dollars below 0.", "limits.daily_loss", _daily_loss),
    Variable("MAX_CONSECUTIVE_LOSSES", "Losses in a row that end the day's entries.", "limits.losses_in_a_row"),
    Variable(
        "USE_VOLATILITY_SIZING", "ST0CKA's size and target follow volatility.", "scalping.st0cka.use_volatility_sizing"
    ),
    Variable("USE_MEAN_REVERSION", "ST0CKA enters only well away from VWAP.", "scalping.st0cka.use_mean_reversion"),
    Variable("TRACK_PERFORMANCE", "The journal as CSV beside the ledger, every minute.", "scalping.track_performance"),
    Variable("ST0CKG_TRADING_CAPITAL", "Equity ST0CKG sizes by, at most the real one.", "scalping.st0ckg.size.capital"),
    Variable("ST0CKG_MAX_POSITIONS", "ST0CKG's positions at a time.", "scalping.st0ckg.max_positions"),
    Variable("DATABASE_URL", "The paper account's ledger: sqlite:///FILE.", "storage.file", _ledger_file),
    Variable("DASHBOARD_ENABLED", "Whether the dashboard is served.", "dashboard.enabled"),
    Variable("PORT", "The dashboard's port.", "dashboard.port"),
    Variable("LOG_LEVEL", "Least severity of the log lines on stderr.", "log_level", lambda _, text: text.upper()),
    Variable("DISCORD_WEBHOOK_URL", "Discord webhook of the alerts.", "alerts.webhook_url", is_secret=True),
    Variable("TELEGRAM_BOT_TOKEN", "Known, not used.", is_secret=True),
    Variable("SENTRY_DSN", "Known, not used.", is_secret=True),
    Variable("REDIS_URL", "Known, not used.", is_secret=True),
    Variable("ACTIVE_STRATEGY", "Known, not used."),
)
"""Every variable but IS_PAPER_TRADING, a switch no setting overrides (`configuration.sources`). SC-704, SC-707."""

SECRET_VARIABLES = tuple(variable.name for variable in TABLE if variable.is_secret)


def scalping_environment(
    environment: Mapping[str, str | None], keys: Collection[str], source: str = "environment"
) -> dict[str, tuple[str, Any]]:
    """Key and raw value by variable, of the variables that are set and whose key is one of `keys`; empty is unset.

    Raises:
        ConfigurationError: a value that cannot be, or a name with the letter O for the digit; names variable and fix.

    >>> scalping_environment({"MAX_DAILY_LOSS": "-250", "PORT": " "}, {"limits.daily_loss", "dashboard.port"})
    {'MAX_DAILY_LOSS': ('limits.daily_loss', Decimal('250'))}
    """
    for name, text in environment.items():
        if (text or "").strip() and (misspelt := _WITH_THE_LETTER.fullmatch(name)) is not None:
            raise ConfigurationError(f"{source} {name}: is written with the letter O and read by nothing; write "
                                     f"ST0CK{misspelt[1]}, with the digit 0")  # fmt: skip
    return {
        variable.name: (variable.key, variable.read(f"{source} {variable.name}", text))
        for variable in TABLE
        if variable.key in keys and (text := (environment.get(variable.name) or "").strip())
    }


def not_used(environment: Mapping[str, str | None], keys: Collection[str]) -> tuple[str, ...]:
    """The variables of the table that are set and change nothing here.

    >>> not_used({"SENTRY_DSN": "https://key@host/1", "ST0CKAKEY": "PK1"}, ())
    ('SENTRY_DSN',)
    """
    return tuple(
        variable.name
        for variable in TABLE
        if not variable.is_credential and variable.key not in keys and (environment.get(variable.name) or "").strip()
    )
