"""Metrics as text that monitors scrape: the Prometheus exposition format. Rule: DH-1007."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from gammacore.domain.hedge_filter.gauges import Sample
from gammacore.errors import ConfigurationError

_PART = re.compile(r"_(bucket|sum|count)$")


def exposition(samples: Iterable[Sample], prefix: str = "gammacore_hedge_") -> str:
    """One line a sample, with the type of each metric before its first; counters end in _total.

    >>> print(exposition([Sample("intents", 2, {"kind": "delta_hedge"}, "counter"), Sample("gamma", 0.5)]), end="")
    # TYPE gammacore_hedge_intents_total counter
    gammacore_hedge_intents_total{kind="delta_hedge"} 2
    # TYPE gammacore_hedge_gamma gauge
    gammacore_hedge_gamma 0.5
    """
    lines: dict[str, list[str]] = {}
    for sample in samples:
        name = prefix + sample.name + ("_total" if sample.kind == "counter" else "")
        metric = _PART.sub("", name) if sample.kind == "histogram" else name
        rows = lines.setdefault(metric, [f"# TYPE {metric} {sample.kind}"])
        labels = ",".join(f'{label}="{_escaped(text)}"' for label, text in sample.labels.items())
        rows.append(f"{name}{{{labels}}} {sample.value:.12g}" if labels else f"{name} {sample.value:.12g}")
    return "".join(f"{row}\n" for rows in lines.values() for row in rows)


class MetricsFile:
    """Keeps the newest metrics in a file that a monitor reads: replaced whole, at most every `seconds`."""

    def __init__(self, path: Path, timer: Callable[[], float], seconds: float = 10.0) -> None:
        self._path = path
        self._timer = timer
        self._seconds = seconds
        self._written_at: float | None = None

    def offer(self, samples: Callable[[], Iterable[Sample]]) -> None:
        """Write what `samples` says now, unless the last writing is too young."""
        if self._written_at is None or self._timer() - self._written_at >= self._seconds:
            self.write(samples())

    def write(self, samples: Iterable[Sample]) -> None:
        """Write now.

        Raises:
            ConfigurationError: the file cannot be written.
        """
        draft = self._path.with_name(self._path.name + ".draft")
        try:
            draft.write_text(exposition(samples), "utf-8")
            draft.replace(self._path)
        except OSError as wrong:
            raise ConfigurationError(f"--metrics {self._path}: cannot be written ({wrong.strerror})") from wrong
        self._written_at = self._timer()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
