"""Real days as markets: any vendor's table of chain snapshots, LEAN minute folders, and our own recordings.

One package for the three, for they are one thing behind three readers: `RecordedMarket`, which shows at every instant
the newest that had been recorded by then.
"""

from gammacore.adapters.recorded.columns import PRESETS, ColumnMap
from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.intake import Intake
from gammacore.adapters.recorded.lean import read_lean_market
from gammacore.adapters.recorded.lean_files import LeanFolder
from gammacore.adapters.recorded.market import RecordedMarket
from gammacore.adapters.recorded.recording import RecordingHeader, RecordingWriter
from gammacore.adapters.recorded.recording_reader import is_recording, read_recording, read_recording_header
from gammacore.adapters.recorded.row_clock import TableSurvey, survey_csv
from gammacore.adapters.recorded.surroundings import ReplaySettings

__all__ = [
    "PRESETS",
    "ColumnMap",
    "Intake",
    "LeanFolder",
    "RecordedMarket",
    "RecordingHeader",
    "RecordingWriter",
    "ReplaySettings",
    "TableSurvey",
    "is_recording",
    "read_csv_market",
    "read_lean_market",
    "read_recording",
    "read_recording_header",
    "survey_csv",
]
