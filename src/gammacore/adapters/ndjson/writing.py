"""Lines out: UTF-8, one object a line, flushed each. Rule: DH-140."""

from __future__ import annotations

from typing import BinaryIO

from attrs import frozen


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
