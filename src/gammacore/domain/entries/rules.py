"""Every rule an entry must pass, with its figures: one object, one table in the configuration."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from gammacore.domain.entries.confidence_score import ConfidenceScore
from gammacore.domain.entries.credit import EntryLimit, HourlyCredit, MinimumCredit, SpreadQuality, StopInsideQuotes
from gammacore.domain.entries.desk_limits import StrikeConflicts, TwoDesks
from gammacore.domain.entries.entry_advisor import WeakPin
from gammacore.domain.entries.event_days import EventDays, FomcGate
from gammacore.domain.entries.otm_single_sided import OtmRules
from gammacore.domain.entries.rechecks import LateCondor, PriceRecheck
from gammacore.domain.entries.schedule import FridayOff, Schedule
from gammacore.domain.entries.setup import BrokenWingRules, SetupRules
from gammacore.domain.entries.trend import DownDays, Momentum, OpeningGap, RelativeStrength, TrendMove, TrendStrength
from gammacore.domain.entries.volatility import ExpectedMove, RealizedVolatility, VixBand, VixSpike
from gammacore.domain.gex.pin import PinRule
from gammacore.domain.observation import ObservationRule
from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput


@frozen
class EntryRules:
    """Every rule an entry must pass, with its figures. Sections 2 and 3 of the credit-spread rules."""

    schedule: Schedule = Schedule()
    fomc: FomcGate = FomcGate()
    event_days: EventDays = EventDays()
    vix: VixBand = VixBand()
    vix_spike: VixSpike = VixSpike()
    realized_volatility: RealizedVolatility = RealizedVolatility()
    adx: TrendStrength = TrendStrength()
    trend_move: TrendMove = TrendMove()
    expected_move: ExpectedMove = ExpectedMove()
    rsi: RelativeStrength = RelativeStrength()
    friday: FridayOff = FridayOff()
    down_days: DownDays = DownDays()
    gap: OpeningGap = OpeningGap()
    pin: PinRule = PinRule()
    setup: SetupRules = SetupRules()
    broken_wing: BrokenWingRules = BrokenWingRules()
    score: ConfidenceScore = ConfidenceScore()
    otm: OtmRules = OtmRules()
    late_condor: LateCondor = LateCondor()
    recheck: PriceRecheck = PriceRecheck()
    quality: SpreadQuality = SpreadQuality()
    hourly: HourlyCredit = HourlyCredit()
    minimum: MinimumCredit = MinimumCredit()
    stop_inside_quotes: StopInsideQuotes = StopInsideQuotes()
    momentum: Momentum = Momentum()
    observation: ObservationRule = ObservationRule()
    weak_pin: WeakPin = WeakPin()
    two_desks: TwoDesks = TwoDesks()
    limit: EntryLimit = EntryLimit()
    conflicts: StrikeConflicts = StrikeConflicts()
    most_clock_skew: float = parameter(
        2.0, "Seconds broker and local clock may be apart; beyond it nothing is opened.", above=0
    )
    price_sanity: Decimal = parameter(
        Decimal("0.20"), "A price further from the previous close is a defect of the data, part of it.", above=0
    )
    strike_sanity: Decimal = parameter(
        Decimal("0.10"), "Strikes further from the price are refused, part of it.", above=0
    )

    def __attrs_post_init__(self) -> None:
        if self.vix.floor >= self.setup.vix_ceiling:
            ceiling = f"give less than setup.vix_ceiling = {self.setup.vix_ceiling}, or no VIX is ever between"
            raise InvalidInput("vix.floor", self.vix.floor, ceiling)
