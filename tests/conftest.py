"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real chains and reference figures; read in place, never copied. Skips, with the reason, where they are absent."""
    folder = Path(os.environ.get("GAMMACORE_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"reference data not found at {folder}; set GAMMACORE_SHARED_DATA")
    return folder
