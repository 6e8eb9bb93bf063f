"""Lines to messages; a bad line is handed on as such, for strict and lenient differ in what they do with it. DH-142."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gammacore.adapters.ndjson.decoding import decode_line
from gammacore.adapters.ndjson.lines import Line
from gammacore.adapters.ndjson.plain_events import read_plain_event
from gammacore.domain.hedging.protocol.inbound import read_message
from gammacore.domain.hedging.protocol.messages import BadLine, Inbound
from gammacore.errors import InvalidInput


def read_inputs(lines: Iterable[Line]) -> Iterator[tuple[int, Inbound | BadLine | None]]:
    """(line number from 1, message); None is a pause in the input. Blank lines count and are skipped."""
    for number, line in enumerate(lines, 1):
        if line is None:
            yield number, None
            continue
        if (event := read_plain_event(line)) is not None:
            yield number, event
            continue
        try:
            message = read_message(decode_line(line))
        except InvalidInput as fault:
            if not line.strip():
                continue
            yield number, BadLine(number, fault)
        else:
            yield number, message
