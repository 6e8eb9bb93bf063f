"""Bytes to lines: split on the newline byte only, one carriage return dropped, no line longer than 1 MiB. DH-141."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from typing import BinaryIO

MAX_LINE_BYTES = 1_048_576
READ_BYTES = 65_536

Line = bytes | None
"""A line without its end; longer than `MAX_LINE_BYTES` when it was too long (the rest is not kept). None: a pause."""


def file_lines(stream: BinaryIO) -> Iterator[Line]:
    """The lines of an open file; a missing last newline is accepted.

    >>> import io
    >>> list(file_lines(io.BytesIO(b"a\\r\\n\\nb")))
    [b'a', b'', b'b']
    """
    limit = MAX_LINE_BYTES + 2  # room for \r\n
    while raw := stream.readline(limit):
        line = raw.removesuffix(b"\n")
        if line is raw or len(line) == len(raw):
            rest = raw
            while len(rest) == limit and not rest.endswith(b"\n"):
                rest = stream.readline(limit)
        yield line[:-1] if line.endswith(b"\r") else line


def pipe_lines(descriptor: int, pause_seconds: float) -> Iterator[Line]:
    """The lines of a pipe or terminal as they arrive; None whenever nothing came for `pause_seconds`."""
    held = b""
    while True:
        ready, _, _ = select.select([descriptor], [], [], pause_seconds)
        if not ready:
            yield None
            continue
        chunk = os.read(descriptor, READ_BYTES)
        if not chunk:
            if held:
                yield held.removesuffix(b"\r")
            return
        *whole, rest = (held + chunk).split(b"\n")
        for line in whole:
            yield line[:-1] if line.endswith(b"\r") else line
        # a line without end must not eat the memory: what is too long already is cut, and stays too long
        held = rest if len(rest) <= MAX_LINE_BYTES + 1 else rest[: MAX_LINE_BYTES + 2]
