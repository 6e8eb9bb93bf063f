"""Premium is sold only while VIX is in [floor, ceiling). Rules: CS-310..312."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict


@frozen
class VixBand:
    """Sell premium only while VIX is in [floor, ceiling).

    Below the floor the credit does not pay for the gamma; from the ceiling on, a 0DTE short is a bet on the next
    headline. Missing VIX is not calm: the entry fails closed. Outside [`least_plausible`, `most_plausible`] a reading
    is a defect, not a market. The ceiling is the one setup selection tests first (CS-201), so it is asked for, not
    kept twice.

    Units: VIX points. Rules: CS-201, CS-310..312.

    >>> VixBand().judge_ceiling(Decimal("19.99"), Decimal(20)).passed
    True
    >>> print(VixBand().judge_ceiling(Decimal("21.3"), Decimal("20.0")))
    skip vix_ceiling: VIX 21.3 >= 20.0
    """

    floor: Decimal = parameter(Decimal("13.0"), "No premium is sold below this VIX.", at_least=0)
    least_plausible: Decimal = parameter(Decimal(5), "A VIX below this is a defect of the data.", at_least=0)
    most_plausible: Decimal = parameter(Decimal(200), "A VIX above this is a defect of the data.", below=1000)

    def judge_presence(self, vix: Decimal | None) -> Verdict:
        """VIX exists and is at least 5 (a quote in cents, 1520, is no VIX either). Rule: CS-310."""
        if vix is None:
            return Verdict.unknown("vix_missing", "VIX not known")
        if vix < self.least_plausible:
            return Verdict.unknown("vix_missing", f"VIX {vix}", f"< {self.least_plausible}")
        if vix > self.most_plausible:
            return Verdict.unknown("vix_missing", f"VIX {vix}", f"> {self.most_plausible}")
        return Verdict.ok(f"VIX {vix}")

    def judge_floor(self, vix: Decimal | None) -> Verdict:
        """VIX >= floor. Rule: CS-311."""
        if vix is None:
            return Verdict.not_judged()
        if vix < self.floor:
            return Verdict.skip("vix_floor", f"VIX {vix}", f"< {self.floor}")
        return Verdict.ok(f"VIX {vix}", f">= {self.floor}")

    def judge_ceiling(self, vix: Decimal | None, ceiling: Decimal) -> Verdict:
        """VIX < ceiling. Rule: CS-312."""
        if vix is None:
            return Verdict.not_judged()
        if vix >= ceiling:
            return Verdict.skip("vix_ceiling", f"VIX {vix}", f">= {ceiling}")
        return Verdict.ok(f"VIX {vix}", f"< {ceiling}")
