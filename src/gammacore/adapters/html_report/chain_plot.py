"""Open interest of a chain by strike: calls above the line, puts below. Rule: OP-802."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gammacore.adapters.html_report.canvas import PRINT, blank
from gammacore.domain.market import OptionChain
from gammacore.domain.sessions import NEW_YORK

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def chain_figure(chain: OptionChain) -> Figure:
    """The picture as a figure of its own; unknown open interest is not drawn."""
    figure, axes = blank(8, 4.6, PRINT)
    figure.patch.set(alpha=1, facecolor=PRINT.card)
    strikes = np.unique(chain.strike)
    width = float(np.min(np.diff(strikes))) * 0.8 if len(strikes) > 1 else 1.0
    for is_call, sign, colour, label in ((True, 1, PRINT.call, "calls"), (False, -1, PRINT.put, "puts")):
        rows = (chain.is_call == is_call) & ~np.isnan(chain.open_interest)
        held = np.zeros(len(strikes))
        np.add.at(held, np.searchsorted(strikes, chain.strike[rows]), chain.open_interest[rows])
        axes.bar(strikes, sign * held, width, color=colour, label=label)
    axes.axhline(0, color=PRINT.muted, linewidth=0.8)
    at = chain.as_of.astimezone(NEW_YORK)
    figure.suptitle(
        f"{chain.underlying} {at:%Y-%m-%d %H:%M} New York: open interest by strike, contracts", x=0.01, ha="left",
        color=PRINT.ink, fontsize=11.5,
    )  # fmt: skip
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
    axes.legend(frameon=False, labelcolor=PRINT.ink)
    return figure
