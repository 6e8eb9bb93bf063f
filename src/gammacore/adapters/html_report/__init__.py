"""A trading day as one self-contained HTML page: pictures, trades with their reasons, every scheduled entry."""

from gammacore.adapters.html_report.page import render_day, write_page

__all__ = ["render_day", "write_page"]
