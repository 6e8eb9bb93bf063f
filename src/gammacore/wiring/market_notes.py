"""On which market each day of a ledger was traded, noted beside it: `LEDGER.markets.json`. Rule: OP-107.

A ledger says what its market is called and no more, for it must be the same wherever it was made (R14). What a picture
needs to open that market again (the absolute path, the columns, VIX) stands beside it and decides nothing.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from gammacore.adapters.whole_file import write_whole
from gammacore.configuration import Configuration, Sourced, configure
from gammacore.configuration.conversion import show
from gammacore.domain.gex.units import TODAY, Scope
from gammacore.errors import ConfigurationError, GammacoreError, StorageError
from gammacore.ports.market_data import MarketData
from gammacore.wiring.markets import MarketSource

log = logging.getLogger("gammacore")
SHOWN_BY = ("market.", "gex.", "underlyings.")
"""The settings that a picture of a market depends on."""

OF_THE_DAY = {f"market.{name}" for name in ("date", "underlying", "seed", "step_seconds", "mood")}
"""What the ledger says itself."""

FILES = tuple(f"market.{name}" for name in ("vix_file", "closes_file", "price_file", "oi_file"))


@frozen
class NotedMarket:
    """The settings a day's market was opened with, paths absolute, its expiries, and the hash of what it held."""

    settings: Mapping[str, str] = field(factory=dict)
    expiries: Scope = TODAY
    content: str = ""

    @property
    def path(self) -> Path | None:
        """Where the recording is; None of a simulated market."""
        return MarketSource.parse(self.settings.get("market.source", "simulated")).path

    def within(self, configuration: Configuration, folder: Path | None = None) -> Configuration:
        """The configuration with this market, its files sought in `folder` where one is given.

        Raises:
            ConfigurationError: what was noted is no setting of this version.
        """
        settings = dict(self.settings)
        if folder is not None and self.path is not None:
            kind = settings["market.source"].partition(":")[0]
            settings["market.source"] = f"{kind}:{folder / self.path.name}"
            settings |= {key: str(folder / Path(settings[key]).name) for key in FILES if key in settings}
        others = {key: sourced for key, sourced in configuration.given.items() if not key.startswith("market.")}
        return configure([others, {key: Sourced(text, "noted beside the ledger") for key, text in settings.items()}])


def notes_beside(ledger: Path) -> Path:
    """Where the notes of a ledger are, by the path beside which its other files lie."""
    return ledger.with_name(f"{ledger.name}.markets.json")


def note_market(
    configuration: Configuration, beside: Path | None, market: MarketData, date: dt.date, expiries: Scope
) -> None:
    """Note a study's market beside its ledger, where the ledger alone does not say how to open it again.

    What cannot be noted costs a picture later, never a day.
    """
    given = {key: show(one.value) for key, one in configuration.given.items() if key.startswith(SHOWN_BY)}
    settings = {key: text for key, text in given.items() if key not in OF_THE_DAY and text not in ("none", "simulated")}
    if beside is None or not settings:
        return
    path = MarketSource.parse(configuration.settings.market.source).path
    if path is not None:
        settings["market.source"] = f"{settings['market.source'].partition(':')[0]}:{path.absolute()}"
    settings |= {key: str(Path(settings[key]).absolute()) for key in FILES if key in settings}
    found = {
        "settings": dict(sorted(settings.items())), "expiries": str(expiries), "content": market.fingerprint(),
    }  # fmt: skip
    notes = _notes(beside)
    if notes.get(str(date)) == found:
        return
    try:
        write_whole(notes_beside(beside), json.dumps({**notes, str(date): found}, indent=1) + "\n", 0o600)
    except StorageError as refusal:
        log.warning("the market of %s is not noted, later reports may lack pictures: %s", date, refusal)


def noted_market(beside: Path, date: dt.date) -> NotedMarket | None:
    """What was noted of a day; None where nothing was, or nothing that can be read."""
    found = _notes(beside).get(str(date))
    try:
        return None if found is None else NotedMarket(
            dict(found["settings"]), Scope.parse(found["expiries"]), str(found["content"])
        )  # fmt: skip
    except (GammacoreError, AttributeError, KeyError, TypeError, ValueError):
        return None


def _notes(beside: Path) -> dict[str, Any]:
    try:
        read = json.loads(notes_beside(beside).read_bytes())
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def places_of(
    configuration: Configuration, beside: Path, noted: NotedMarket | None
) -> Iterator[tuple[Configuration, NotedMarket]]:
    """Where a day's market may be, best first, and what it must be: as named now, where it was, beside the ledger."""
    yield configuration, NotedMarket()
    if noted is not None:
        for folder in (None, beside.parent):
            try:
                yield noted.within(configuration, folder), noted
            except ConfigurationError:
                continue
