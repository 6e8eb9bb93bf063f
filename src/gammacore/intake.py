"""Chains from frames and rows: what `OptionChain.from_frame` and `.from_rows` call. Rule: OP-804.

The intake of vendors' tables is an adapter, found by name when it is asked for, as the pictures of `plots` are, so
that nothing of the domain depends on it.
"""

from __future__ import annotations

from gammacore.lazy_names import finder

reader = finder(
    "gammacore.intake",
    {
        "chain_from_frame": "adapters.recorded.chain_frames",
        "chain_from_rows": "adapters.recorded.chain_frames",
    },
)
