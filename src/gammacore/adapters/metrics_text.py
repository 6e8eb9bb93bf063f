"""Metrics as text that monitors scrape: the Prometheus exposition format. Rule: DH-1007."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gammacore.domain.hedging.measures import Sample

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


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
