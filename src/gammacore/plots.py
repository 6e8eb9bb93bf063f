"""Pictures of values: what `.plot()` of an exposure and of a day's report returns. Rule: OP-802.

A value does not know who draws it: the page's own pictures are found by name when one is asked for, as the public names
are (`lazy_names`), so that nothing of the domain depends on an adapter or on matplotlib.
"""

from __future__ import annotations

from typing import Any

from gammacore.lazy_names import finder

_picture = finder(
    "gammacore.plots",
    {
        "chain_figure": "adapters.html_report.chain_plot",
        "exposure_figure": "adapters.html_report.exposure_plot",
        "price_figure": "adapters.html_report.price_chart",
    },
)


def figure_of(value: object, picture: str) -> Any:
    """The matplotlib figure of a value, drawn by the picture of that name."""
    return _picture(picture)(value)
