"""Layers of settings: merged, validated key by key, with where each value came from."""

from __future__ import annotations

import datetime as dt
import json
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property, partial
from typing import Any

import attrs
from attrs import field, frozen

from gammacore.adapters.recorded.columns import ColumnMap
from gammacore.configuration.conversion import NotConvertible, convert, show
from gammacore.configuration.misplaced import refuse_credentials
from gammacore.configuration.profiles import (
    PROFILE,
    beyond_the_stops,
    of_the_profile,
    of_the_share_profile,
    stops_of_preset,
)
from gammacore.configuration.settings import UNDERLYINGS, OwnStrategy, Settings, flatten, nearest
from gammacore.configuration.sources import PAPER, PAPER_SWITCH, Given, SettingError, Sourced
from gammacore.domain.briefly import briefly, html_table
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.instruments import REGISTRY, Exercise, Settlement, Underlying
from gammacore.domain.service.armed import ArmedAccount
from gammacore.errors import ConfigurationError, InvalidInput

SECRET = re.compile(r"(token|secret|password|api_key|webhook|health\.service_)", re.IGNORECASE)
COLUMNS = "market.columns."
DATE = "market.date"
NOT_PART_OF_A_DECISION = (
    "log_level", "market.", "account.broker", "account.halt_file", "account.intraday_margin_since", "alerts.",
    "health.", "log.", "view.", "dashboard.", "service.", "backup.", "storage.", "firestore.",
    *(f"{one}." for one in BrokerName), "loop.", "orders.absent_seconds", "reconcile.absence_seconds",
    "reconcile.cover_seconds", "scalping.track_performance",
)  # fmt: skip
"""Keys that begin so are in no fingerprint: a market has its own; what is only for real brokers changes no study."""
SINCE_FORMAT_1 = {
    "sizing.contracts": "1", "scalping.gamma.resume_or_open": "false", "scalping.gamma.roll": "false",
    "protective_stop.on": "false", "protective_stop.factor": "1.5", "trade.faults": "[]",
}  # fmt: skip
"""Keys that came later, with the value that changes nothing: at it they are in no fingerprint, older ledgers go on."""


@frozen
class LiveAsk:
    """What a command line said of live trading: only options can, so that no file left behind ever does.

    `account` is the number as it was typed back, "" when it was not; `armed` an arming that stands for it, of which the
    loop of a service alone makes use (OP-208).
    """

    switch: bool = False
    account: str = field(default="", repr=False)
    armed: ArmedAccount | None = None


@frozen
class Configuration:
    """Settings with the provenance of every key, and what the command line said of live trading."""

    settings: Settings
    given: Given
    live: LiveAsk = LiveAsk()

    def __repr__(self) -> str:
        return briefly(self, f"{len(self.given)} keys given:", ", ".join(sorted(self.given)))

    def _repr_html_(self) -> str:
        return html_table(repr(self), ("key", "value", "source"), [row for row in self.rows() if row[2] != "default"])

    @property
    def live_veto(self) -> str:
        """Where IS_PAPER_TRADING says paper; "" where it is not set, or says an explicit false."""
        said = self.given.get(PAPER)
        return said.source if said is not None and said.source.endswith(PAPER_SWITCH) and said.value else ""

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """(key, value, source) of every setting, secrets as ***."""
        for key, value in flatten(self.settings):
            below = [given for name, given in self.given.items() if name == key or name.startswith(f"{key}.")]
            yield key, shown(key, value), ", ".join(dict.fromkeys(given.source for given in below)) or "default"

    def filled_in(self, found: Given) -> Configuration:
        """The same, with what was found elsewhere for keys not given."""
        missing = {key: sourced for key, sourced in found.items() if key not in self.given}
        return configure([missing, self.given], self.live) if missing else self

    def changed(self, found: Given) -> Configuration:
        """The same, with what was found elsewhere whether it was given or not."""
        return configure([self.given, found], self.live)

    def on(self, date: dt.date) -> Configuration:
        """The same on another day: nothing is read, converted or fingerprinted anew. Rule: ST-208.

        >>> configuration = configure([{"market.date": "2026-03-03"}])
        >>> configuration.on(dt.date(2026, 3, 4)).settings.market.date.isoformat()
        '2026-03-04'
        """
        settings = attrs.evolve(self.settings, market=attrs.evolve(self.settings.market, date=date))
        other = Configuration(settings, {**self.given, DATE: Sourced(date, "program")}, self.live)
        object.__setattr__(other, "_fingerprint", self._fingerprint)  # the market is no part of it
        return other

    def fingerprint(self) -> str:
        """Canonical JSON of every rule that can change a decision: no market, no secrets. Part of the lineage."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        rows = {
            key: value.decides if isinstance(value, OwnStrategy) else show(value)
            for key, value in flatten(self.settings)
            if not key.startswith(NOT_PART_OF_A_DECISION) and not SECRET.search(key)
            if SINCE_FORMAT_1.get(key) != show(value)
        }
        return json.dumps(rows, sort_keys=True, separators=(",", ":"))


NOT_ASKED = LiveAsk()


def shown(key: str, value: Any) -> str:
    """A setting as it may be shown to anybody.

    >>> shown("broker.api_token", "f00d"), shown("broker.api_token", ""), shown("entries.vix.floor", 13)
    ('***', '', '13')
    """
    return "***" if SECRET.search(key) and value else show(value)


def configure(layers: Iterable[Mapping[str, Any]] = (), live: LiveAsk = NOT_ASKED) -> Configuration:
    """Settings from layers of dotted keys, weakest first; later layers win. A plain value was given by the program.

    Raises:
        ConfigurationError: an unknown key, or a value that cannot be; names where it stands and the fix.

    >>> configure([{"entries.vix.floor": "14", "market.underlying": "SPY"}]).settings.entries.vix.floor
    Decimal('14')
    """
    given: dict[str, Sourced] = {}
    layers = tuple(map(_sourced, layers))
    for layer in layers:
        given.update(of_the_share_profile(layer))
        given.update(layer)
    given |= _paper_veto(layers)
    refuse_credentials({key: sourced.source for key, sourced in given.items()})
    base = Settings()
    if (profile := given.get(PROFILE)) is not None:
        given = {**of_the_profile(profile), **given}
    if (preset := given.get("stops.preset")) is not None:
        base = attrs.evolve(base, stops=stops_of_preset(preset))
        given = {**beyond_the_stops(preset), **given}
    plain = {key: sourced for key, sourced in given.items() if not key.startswith(UNDERLYINGS)}
    settings = _with(base, "", _tables_joined(plain, base))
    return Configuration(attrs.evolve(settings, underlyings=_underlyings(given)), given, live)


def every_error(
    layers: Iterable[Mapping[str, Any]] = (), live: LiveAsk = NOT_ASKED
) -> tuple[Configuration | None, tuple[ConfigurationError, ...]]:
    """The configuration of what is right in the layers, and an error for each setting that is wrong.

    The rules that refuse are those of `configure`: what is refused is left out, and the rest is tried again.

    >>> _, errors = every_error([{"entries.vix.flor": "14", "market.seed": -1}])
    >>> [error.key for error in errors]
    ['entries.vix.flor', 'market.seed']
    """
    rest, errors = [dict(_sourced(layer)) for layer in layers], list[ConfigurationError]()
    while True:
        try:
            return configure(rest, live), tuple(errors)
        except SettingError as wrong:
            errors.append(wrong)
            if not _left_out(rest, wrong):
                return None, tuple(errors)
        except ConfigurationError as wrong:
            return None, (*errors, wrong)


def _left_out(layers: list[dict[str, Sourced]], wrong: SettingError) -> bool:
    """Take what is wrong out of the layer it is in; whether anything was there."""
    found = False
    for layer in layers:
        for key, sourced in tuple(layer.items()):
            refused = any(key == name or key.startswith(f"{name}.") for name in wrong.left_out)
            if refused and (sourced.source == wrong.source or len(wrong.left_out) > 1):
                del layer[key]
                found = True
    return found


def _paper_veto(layers: Iterable[Given]) -> dict[str, Sourced]:
    """IS_PAPER_TRADING, where it says paper, wins over every other layer that says live."""
    said = [layer[PAPER] for layer in layers if PAPER in layer]
    switches = [sourced for sourced in said if sourced.source.endswith(PAPER_SWITCH)]
    return {PAPER: switches[-1]} if switches and switches[-1].value else {}


def _sourced(layer: Mapping[str, Any]) -> Given:
    return {key: one if isinstance(one, Sourced) else Sourced(one, "program") for key, one in layer.items()}


def _tables_joined(given: Given, base: Settings) -> dict[str, Sourced]:
    """Keys below a setting that is itself a table joined into that setting; unknown keys are refused."""
    known = dict(flatten(base))
    del known[COLUMNS.removesuffix(".")]  # a table: of its own keys, not of a value
    tables = [key for key, value in known.items() if isinstance(value, Mapping)]
    column_keys = [f"{COLUMNS}{attribute.name}" for attribute in attrs.fields(ColumnMap)]
    column_tables = [key for key, kind in zip(column_keys, _hints(ColumnMap).values(), strict=False) if _is_table(kind)]
    joined: dict[str, Sourced] = {}
    for key, sourced in given.items():
        table = next((table for table in (*tables, *column_tables) if key.startswith(f"{table}.")), None)
        if table is not None:
            before = joined[table].value if table in joined else {}
            joined[table] = Sourced({**before, key[len(table) + 1 :]: sourced.value}, sourced.source)
        elif key in known or key in column_keys:
            joined[key] = sourced
        else:
            _refuse_key(key, sourced, (*known, *column_keys))
    return joined


def _refuse_key(key: str, sourced: Sourced, known: Iterable[str]) -> typing.NoReturn:
    inside = dict.fromkeys(name[len(key) + 1 :].split(".")[0] for name in known if name.startswith(f"{key}."))
    if inside:
        raise SettingError(sourced.source, key, f"{key} is a table: write [{key}] and under it {', '.join(inside)}", "")
    raise _unknown(key, sourced, known)


def _unknown(key: str, sourced: Sourced, known: Iterable[str]) -> SettingError:
    fix = nearest(key, known).removeprefix("; ") or "remove it, or see `gammacore config init` for every key there is"
    return SettingError(sourced.source, key, f"unknown key {key}", fix)


def _is_table(kind: Any) -> bool:
    origin = typing.get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    hints = typing.get_type_hints(kind)
    return {attribute.name: hints[attribute.name] for attribute in attrs.fields(kind)}


def _with(instance: Any, prefix: str, given: Given) -> Any:
    """The instance with every given key below `prefix` put in."""
    own: Any = type(instance)
    hints = _hints(own)
    changes: dict[str, Any] = {}
    for name, kind in hints.items():
        key, value = f"{prefix}{name}", getattr(instance, name)
        if f"{key}." == COLUMNS:
            changes[name] = _columns(given)
        elif attrs.has(type(value)):
            changes[name] = _with(value, f"{key}.", given)
        elif key in given:
            changes[name] = _value(given[key], kind, key)
    return _built(lambda: attrs.evolve(instance, **changes), prefix, given, type(instance))


def _value(sourced: Sourced, kind: Any, key: str) -> Any:
    try:
        return convert(sourced.value, kind)
    except NotConvertible as wrong:
        raise SettingError(
            sourced.source, key, f"{key}: {_reported(key, wrong.value)} is not valid", f"give {wrong.wanted}"
        ) from wrong
    except InvalidInput as wrong:  # a table of a list
        raise SettingError(
            sourced.source, key, f"{key}: {wrong.field}: {wrong.value} is not valid", wrong.fix
        ) from wrong


def _reported(key: str, value: Any) -> str:
    return shown(key, value) if SECRET.search(key) else str(value)


def _built(build: typing.Callable[[], Any], prefix: str, given: Given, kind: type) -> Any:
    try:
        return build()
    except InvalidInput as wrong:
        below = {key: sourced.source for key, sourced in given.items() if key.startswith(prefix)}
        key = f"{prefix}{wrong.field}"
        own = given.get(key)
        source = own.source if own is not None else ", ".join(dict.fromkeys(below.values()))
        left_out = (key,) if own is not None and _refused_alone(kind, wrong) else tuple(below)
        problem = f"{key}: {wrong.value} is not valid"
        raise SettingError(source, key, problem, wrong.fix, left_out) from wrong


def _refused_alone(kind: type, wrong: InvalidInput) -> bool:
    """Whether a field's own bounds refuse the value; otherwise it does not fit another setting of its table."""
    attribute = attrs.fields_dict(kind).get(wrong.field)
    if attribute is None or attribute.validator is None:
        return False
    try:
        attribute.validator(None, attribute, wrong.value)
    except InvalidInput:
        return True
    return False


def _columns(given: Given) -> ColumnMap | None:
    hints = _hints(ColumnMap)
    chosen = {
        name: _value(given[f"{COLUMNS}{name}"], kind, f"{COLUMNS}{name}")
        for name, kind in hints.items()
        if f"{COLUMNS}{name}" in given
    }
    if not chosen:
        return None
    required = [a.name for a in attrs.fields(ColumnMap) if a.default is attrs.NOTHING]
    if missing := [name for name in required if name not in chosen]:
        below = {key: sourced.source for key, sourced in given.items() if key.startswith(COLUMNS)}
        problem = f"[market.columns] needs {', '.join(missing)}: the names of those columns"
        raise SettingError(next(iter(below.values())), COLUMNS.removesuffix("."), problem, "", below)
    return typing.cast(ColumnMap, _built(lambda: ColumnMap(**chosen), COLUMNS, given, ColumnMap))


def _underlyings(given: Given) -> dict[str, Underlying]:
    """Registry entries of the configuration; those of built-in symbols start from the built-in entry."""
    keys = [key for key in given if key.startswith(UNDERLYINGS)]
    for key in keys:
        if key.count(".") == 1:
            fields = ", ".join(attribute.name for attribute in attrs.fields(Underlying))
            raise SettingError(given[key].source, key, f"{key} is a table: write [{key}] and under it {fields}")
    symbols = sorted({key.split(".")[1] for key in keys})
    found: dict[str, Underlying] = {}
    for symbol in symbols:
        prefix = f"{UNDERLYINGS}{symbol}."
        start = REGISTRY.get(symbol)
        if start is None:
            new = partial(Underlying, symbol, symbol, Exercise.AMERICAN, Settlement.PHYSICAL)
            start = _built(new, prefix, given, Underlying)
        known = [key for key, _ in flatten(start, prefix)]
        below = {key: sourced for key, sourced in given.items() if key.startswith(prefix)}
        for key, sourced in below.items():
            if key not in known:
                raise _unknown(key, sourced, known)
        found[symbol] = _with(start, prefix, below)
    return found
