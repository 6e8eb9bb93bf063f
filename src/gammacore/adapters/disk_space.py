"""What is free on the disk of a ledger: below 200 MB nothing is entered, exits go on. Rule: OP-705."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from gammacore.domain.verdicts import Verdict

LEAST_FREE_BYTES = 200 * 2**20
"""A year of ledgers is a tenth of it; below it a day may end in a full disk."""


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


@frozen
class DiskGate:
    """Asked before an order that opens something."""

    folder: Path
    free: Callable[[Path], int] = _free

    def __call__(self) -> Verdict:
        """A disk that does not say is no reason: what cannot be written is noticed by itself."""
        try:
            free = self.free(self.folder)
        except OSError:
            return Verdict.ok("the disk does not say")
        if free < LEAST_FREE_BYTES:
            return Verdict.skip("disk_low", f"{free // 2**20} MB free on the ledger's disk", "< 200 MB")
        return Verdict.ok(f"{free // 2**20} MB free")
