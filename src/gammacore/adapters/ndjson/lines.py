"""Bytes to lines: split on the newline byte only, one carriage return dropped, no line longer than 1 MiB.

Out go UTF-8 lines, one object each, flushed each. Rules: DH-140, DH-141.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from attrs import frozen

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
    return _split(iter(lambda: stream.read(READ_BYTES), b""))


def pipe_lines(descriptor: int, pause_seconds: float) -> Iterator[Line]:
    """The lines of a pipe or terminal as they arrive; None whenever nothing came for `pause_seconds`."""
    return _split(_chunks(descriptor, pause_seconds))


def _chunks(descriptor: int, pause_seconds: float) -> Iterator[bytes | None]:
    while True:
        ready, _, _ = select.select([descriptor], [], [], pause_seconds)
        if not ready:
            yield None
        elif chunk := os.read(descriptor, READ_BYTES):
            yield chunk
        else:
            return


def _split(chunks: Iterable[bytes | None]) -> Iterator[Line]:
    """Whole lines of bytes that come in pieces; None passes through."""
    held = b""
    for chunk in chunks:
        if chunk is None:
            yield None
            continue
        *whole, rest = (held + chunk).split(b"\n")
        if b"\r" in chunk or b"\r" in held:
            whole = [line.removesuffix(b"\r") for line in whole]
        yield from whole
        # a line without end must not eat the memory: what is too long already is cut, and stays too long
        held = rest if len(rest) <= MAX_LINE_BYTES + 1 else rest[: MAX_LINE_BYTES + 2]
    if held:
        yield held.removesuffix(b"\r")


@frozen
class LineWriter:
    """Writes bodies as lines to a binary stream.

    >>> import io
    >>> LineWriter(stream := io.BytesIO())('{"a":1}')
    >>> stream.getvalue()
    b'{"a":1}\\n'
    """

    stream: BinaryIO

    def __call__(self, body: str) -> None:
        self.stream.write(body.encode() + b"\n")
        self.stream.flush()
