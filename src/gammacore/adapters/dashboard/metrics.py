"""What a monitor scrapes, by prometheus-client. Rule: OP-504."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gammacore.domain.reports.picture_age import seconds_since
from gammacore.ports.desk_source import DeskSource, LedgerReading


class _Figures:
    """A collector over one look."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def exposition(source: DeskSource, name: str | None) -> bytes:
    """The figures of one ledger in the Prometheus text format."""
    reading, now = source.read(name), source.now(name) or {}
    registry = CollectorRegistry()
    registry.register(_Figures(_metrics(source, reading, now, source.system(name))))
    return generate_latest(registry)


def _metrics(
    source: DeskSource, reading: LedgerReading, now: Mapping[str, Any], system: Mapping[str, Any]
) -> list[Metric]:
    mode = reading.mode or "none"
    market = now.get("market") or {}
    realised = 0 if reading.book.day is None else float(reading.book.realised_on(reading.book.day.date))
    day = now.get("day") or {}
    pnl = (day.get("realised") or 0) + (day.get("open") or 0) if day else realised
    gauges: dict[str, tuple[str, float | None]] = {
        "up": ("The page answers", 1),
        "loop_running": ("A loop writes the ledger", float(reading.card is not None and reading.card.running)),
        "halted": ("The kill switch is latched", float(reading.book.halted is not None)),
        "last_cycle_age_seconds": ("Since the loop published", seconds_since(now.get("at"), source.time())),
        "day_pnl_dollars": ("Realised and open", pnl),
        "open_holdings": (
            "Holdings with anything held",
            sum(one.has_filled and not one.is_flat for one in reading.book.live_holdings),
        ),
        "quote_age_seconds": ("Of the underlying", (market.get("ages") or {}).get("spot")),
        "backup_age_seconds": ("Of the newest backup", system.get("backup_age_seconds")),
        "ledger_bytes": ("Size of the ledger", system.get("ledger_bytes")),
        "disk_free_bytes": ("Free where the home is", system.get("disk_free_bytes")),
    }
    found: list[Metric] = []
    for key, (words, value) in gauges.items():
        gauge = GaugeMetricFamily(f"gammacore_{key}", words, labels=["mode"])
        if value is not None:
            gauge.add_metric([mode], value)
        found.append(gauge)
    orders = CounterMetricFamily("gammacore_orders", "Orders by what became of them", labels=["mode", "outcome"])
    for outcome, count in sorted(Tally(str(order.state) for order in reading.book.orders.values()).items()):
        orders.add_metric([mode, outcome], count)
    failed = CounterMetricFamily("gammacore_alerts_failed", "Alerts that were not delivered", labels=["mode"])
    failed.add_metric([mode], system.get("alerts_failed") or 0)
    return [*found, orders, failed]
