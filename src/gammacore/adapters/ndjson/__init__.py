"""Newline-delimited JSON of wire protocol v1: strict in, exact out. Sections 1.3 and 1.4 of the hedging rules."""

from gammacore.adapters.ndjson.decoding import decode_line
from gammacore.adapters.ndjson.inputs import read_inputs
from gammacore.adapters.ndjson.lines import LineWriter, file_lines, pipe_lines

__all__ = ["LineWriter", "decode_line", "file_lines", "pipe_lines", "read_inputs"]
