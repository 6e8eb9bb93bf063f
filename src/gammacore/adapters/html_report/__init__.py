"""A trading day, or a study of many, as one self-contained HTML page: pictures, tables, every trade."""

from gammacore.adapters.html_report.page import render_day
from gammacore.adapters.html_report.shell import write_page
from gammacore.adapters.html_report.study_page import render_study
from gammacore.adapters.html_report.sweep_page import render_sweep

__all__ = ["render_day", "render_study", "render_sweep", "write_page"]
