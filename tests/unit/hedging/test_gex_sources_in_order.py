"""Which source of dealer gamma is believed: override, Firestore, file, chain, fallback. DH-402."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from attrs import evolve, frozen

from builders_hedging import FakeSource, instant
from gammacore.adapters.firestore.documents import Document, Documents
from gammacore.application.watch_regime import WatchRegime
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.regime.documents import GexCause, RegimeDocument, UnreadDocument
from gammacore.errors import ConfigurationError
from gammacore.wiring.regime_feeds import regime_feeds

if TYPE_CHECKING:
    from google.cloud.firestore import Client

NOW = instant("15:00:00")
NOTHING = UnreadDocument(GexCause.MISSING)


@frozen(eq=False)
class Store(Documents):
    """A store that holds one document, or none; nothing is ever sent."""

    held: dict[str, Any] | None = None

    def get(self, path: str) -> Document | None:
        return None if self.held is None else Document(path, self.held, NOW)


def regime(settings: HedgingSettings, tmp_path: Path, *there: str) -> tuple[str, str | None]:
    """Value and source of the gamma, where only the sources named have one: each says its own number."""
    file = tmp_path / "regime.json"
    file.write_text(json.dumps({"spy": {"net_gex": 2}} if "file" in there else {}))
    chain = FakeSource(
        RegimeDocument("", {"gex_value": Decimal(3), "last_update": NOW}) if "chain" in there else NOTHING, "chain"
    )
    feeds = regime_feeds(
        settings,
        documents=Store(cast("Client", None), held={"gex_value": 1} if "firestore" in there else None),
        file=file,
        chain=lambda _: chain,
    )
    watch = WatchRegime(settings, feeds)
    reading = watch("SPY", NOW).gex
    return str(reading.value), reading.source


EVERY = ("firestore", "file", "chain")


@pytest.mark.parametrize(
    ("override", "there", "fallback", "expected"),
    [
        (Decimal(0), EVERY, Decimal(4), ("0", "override")),
        (None, EVERY, Decimal(4), ("1", "firestore")),
        (None, EVERY[1:], Decimal(4), ("2", "file")),
        (None, EVERY[2:], Decimal(4), ("3", "chain")),
        (None, (), Decimal(4), ("4", "fallback")),
        (None, (), None, ("None", "firestore")),
    ],
)
def test_the_first_known_value_wins(
    override: Decimal | None, there: tuple[str, ...], fallback: Decimal | None, expected: object, tmp_path: Path
) -> None:
    """DH-402: an unknown one is reported with the cause of the first source."""
    settings = HedgingSettings(gex_override=override, gex_fallback=fallback)

    assert regime(settings, tmp_path, *there) == expected


def test_the_order_is_the_configured_one(tmp_path: Path) -> None:
    """DH-402: and a source that is not named is not asked."""
    settings = HedgingSettings(gex_sources=("chain", "firestore"))

    assert regime(settings, tmp_path, *EVERY) == ("3", "chain")
    assert regime(settings, tmp_path, "file", "firestore") == ("1", "firestore")
    assert regime(evolve(settings, gex_sources=()), tmp_path, *EVERY) == ("None", None)


def test_a_source_that_is_unknown_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="fierstore is not known; give any of firestore, file, chain"):
        regime_feeds(HedgingSettings(gex_sources=("fierstore",)))


def test_a_chain_that_goes_quiet_is_unknown_after_five_minutes(tmp_path: Path) -> None:
    """DH-403: the last good measure serves until it is 300 s old, then it is stale, never zero."""
    chain = FakeSource(RegimeDocument("", {"gex_value": Decimal(-3), "last_update": NOW}), "chain")
    settings = HedgingSettings()
    watch = WatchRegime(settings, regime_feeds(settings, chain=lambda _: chain))
    assert watch("SPY", NOW).gex.sign == -1
    chain.answer = UnreadDocument(GexCause.STALE)

    late = NOW + dt.timedelta(seconds=300)
    assert watch("SPY", late).gex.sign == -1
    too_late = watch("SPY", late + dt.timedelta(seconds=1)).gex
    assert (too_late.value, too_late.status, too_late.cause) == (None, "unknown", GexCause.STALE)
