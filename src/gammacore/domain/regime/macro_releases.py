"""Judging economic releases ourselves, where no document does it. Rule: DH-454."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.regime.regime import MacroStatus


class Release(StrEnum):
    """What was published; CPI, PCE, unemployment, FOMC and GDP in points, payrolls in persons."""

    CPI = "cpi"
    PCE = "pce"
    UNEMPLOYMENT = "unemployment"
    FOMC = "fomc"
    GDP = "gdp"
    PAYROLLS = "payrolls"


_POINTS = Decimal("0.2")
SURPRISES: dict[Release, Decimal] = {
    Release.CPI: _POINTS,
    Release.PCE: _POINTS,
    Release.UNEMPLOYMENT: _POINTS,
    Release.FOMC: Decimal("0.25"),
    Release.GDP: Decimal("0.5"),
    Release.PAYROLLS: Decimal(50_000),
}
"""From which |actual - expected| a release is significant."""


@frozen
class MacroRelease:
    """One publication; `volatility` is what somebody expects of it: "low", "high", "extreme", anything else: high."""

    kind: Release
    actual: Decimal
    expected: Decimal | None
    volatility: str = ""

    @property
    def is_significant(self) -> bool:
        """Far enough from what was expected; without an expectation it is not."""
        return self.expected is not None and abs(self.actual - self.expected) >= SURPRISES[self.kind]


def judge_releases(releases: Iterable[MacroRelease]) -> MacroStatus:
    """The status a day's releases amount to.

    >>> cpi = MacroRelease(Release.CPI, Decimal("3.4"), Decimal("3.2"), "high")
    >>> judge_releases([cpi]), judge_releases([cpi, cpi])
    (<MacroStatus.VOLATILITY_EVENT: 'Volatility_Event'>, <MacroStatus.HIGH: 'High_Volatility'>)
    """
    words = [release.volatility.lower() for release in releases if release.is_significant]
    if not words:
        return MacroStatus.NORMAL
    if "extreme" in words:
        return MacroStatus.EXTREME
    high = sum(word not in ("low", "moderate", "medium", "normal") for word in words)
    return MacroStatus.HIGH if high >= 2 else MacroStatus.VOLATILITY_EVENT
