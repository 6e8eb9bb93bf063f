"""The header of the journal export, today's and the three before it. Section 6, Journal CSV."""

from __future__ import annotations

SIZE = "Position_Size"

FOURTEEN = (
    "Timestamp_ET", "Trade_ID", "Account_ID", "Strategy", "Strikes", "Entry_Credit", "Confidence", "TP%", "Exit_Time",
    "Exit_Value", "P/L_$", "P/L_%", "Exit_Reason", "Duration_Min",
)  # fmt: skip
THIRTEEN = tuple(column for column in FOURTEEN if column != "Account_ID")
ELEVEN = tuple(column for column in THIRTEEN if column not in ("Confidence", "TP%"))
FIFTEEN = (*FOURTEEN, SIZE)

LAYOUTS = (FIFTEEN, FOURTEEN, THIRTEEN, ELEVEN)
"""Today's, which more columns may follow, and three older ones, in which every position is one contract."""
