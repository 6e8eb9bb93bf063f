"""The pin studied on the configured market: the sessions of a range are opened one after the other, and drawn from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.chain_exposure import ChainExposure
from gammacore.application.study.pins import MARKS, MarkOut, PinLook, PinStudy, PinTerms, conclude_pins, look_at_marks
from gammacore.configuration import Configuration
from gammacore.domain.columns import Floats
from gammacore.domain.gex.units import TODAY
from gammacore.domain.instruments import Underlying
from gammacore.errors import ConfigurationError, InvalidInput, MissingData
from gammacore.wiring.looks import live_market, open_look
from gammacore.wiring.markets import MarketSource
from gammacore.wiring.study.days import on_date


class DrawnPins:
    """Permutations and normal figures of one seed: permutations anew for each mark, figures one after the other.

    `permutations` are those of `Generator(PCG64(seed)).permutation(D)`, one after the other. Rules: ST-004, ST-703.
    """

    def __init__(self, seed: int = 1, times: int = 10_000, draws: int = 100) -> None:
        for name, value, least in (("draw_seed", seed, 0), ("permutations", times, 1), ("draws", draws, 0)):
            if value < least:
                raise InvalidInput(name, value, f"give {least} or more")
        self._seed, self._times, self._draws = seed, times, draws
        self._figures = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(1,))))
        self.permutations = cache(self._permutations)

    def _permutations(self, days: int) -> NDArray[np.int64]:
        generator = np.random.Generator(np.random.PCG64(self._seed))
        dealt = np.empty((self._times, days), dtype=np.int64)
        for row in dealt:
            row[:] = generator.permutation(days)
        return dealt

    def normals(self, contracts: int) -> Floats:
        return self._figures.standard_normal((self._draws, contracts))


def study_pins(
    configuration: Configuration,
    first: dt.date,
    last: dt.date,
    *,
    at: Sequence[dt.time] = MARKS,
    permutations: int = 10_000,
    draw_seed: int = 1,
    draws: int = 100,
    sensitivity: bool = True,
    on_day: Callable[[dt.date], None] = lambda _date: None,
) -> PinStudy:
    """Whether price went to the pin on the sessions `first`..`last` of the configured market. Rules: ST-701..706.

    `at` are New York times; `permutations` and `draws` (of open interest) come from `draw_seed`. A session without data
    is missing, and named.

    Raises:
        ConfigurationError: first after last, no session between them, or a market that is a broker's.
        ConfigurationError, MissingData: the market cannot be opened, or has none of these days.

    >>> from gammacore.configuration import configure
    >>> day = dt.date(2026, 3, 3)
    >>> study = study_pins(configure([]), day, day, at=[dt.time(15)], permutations=10, sensitivity=False)
    >>> study.days, study.marks[0].days, study.warnings[0].code
    (1, 1, 'simulated_edge')
    """
    if live_market(configuration) is not None:
        raise ConfigurationError("pins: a broker's market shows only this moment; name a recorded or simulated one")
    drawn, entries = DrawnPins(draw_seed, permutations, draws), configuration.settings.entries
    gex = configuration.settings.gex
    terms = PinTerms(
        tuple(at), pin_rule=entries.pin, setup_rules=entries.setup, sign=gex.sign, greeks=gex.greeks, rates=gex.rates
    )  # fmt: skip
    found: list[PinLook | MarkOut] = []
    missing: list[dt.date] = []
    underlying: Underlying | None = None
    label, reason = "", ""
    for date in sessions_between(first, last):
        on_day(date)
        try:
            look = open_look(on_date(configuration, date), expiries=TODAY)
        except MissingData as gap:
            missing.append(date)
            reason = reason or str(gap)
            continue
        underlying, label = look.underlying, label or look.market.label
        exposures = ChainExposure(underlying, look.session, gex.greeks, gex.sign, gex.rates)
        found += look_at_marks(look.market, underlying, look.session, exposures, terms)
        look.close()
    if underlying is None:
        raise MissingData(f"none of the {len(missing)} sessions {first} to {last} has data; first: {reason}")
    is_simulated = MarketSource.parse(configuration.settings.market.source).kind == "simulated"
    return conclude_pins(
        underlying, label, found, terms, drawn,
        missing=missing, is_simulated=is_simulated, with_sensitivity=sensitivity,
    )  # fmt: skip


def sessions_between(first: dt.date, last: dt.date) -> tuple[dt.date, ...]:
    """The sessions of the exchange from `first` to `last`, both inclusive. Rule: ST-201.

    Raises:
        ConfigurationError: first after last, or no session between them.

    >>> [str(day) for day in sessions_between(dt.date(2026, 7, 2), dt.date(2026, 7, 6))]
    ['2026-07-02', '2026-07-06']
    """
    if first > last:
        raise ConfigurationError(f"from: {first} is after {last}; give --from no later than --to")
    sessions = tuple(session.date for session in NyseCalendar().sessions(first, last))
    if not sessions:
        raise ConfigurationError(f"from: {first} to {last} holds no session; give dates on which the exchange is open")
    return sessions
