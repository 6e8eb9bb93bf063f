"""Files of a study: records of trades in and out, result.json."""

from gammacore.adapters.study_files.tables import read_pl_history, read_record, record_of_columns
from gammacore.adapters.study_files.written_trades import trades_text, write_trades, write_whole
from gammacore.domain.study.record import COLUMNS

__all__ = [
    "COLUMNS", "read_pl_history", "read_record", "record_of_columns", "trades_text", "write_trades", "write_whole",
]  # fmt: skip
