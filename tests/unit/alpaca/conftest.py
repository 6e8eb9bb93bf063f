"""Alpaca's clients over a scripted server on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from builders_alpaca import Wire, scripted_wire


@pytest.fixture
def wire() -> Iterator[Wire]:
    with scripted_wire() as wire:
        yield wire
