"""The sample environment file documents every variable that is read, and its defaults are the defaults."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from conftest import ROOT
from gammacore.adapters.scalping_environment import TABLE
from gammacore.configuration import Settings, configure, read_environment

SAMPLE = ROOT / "examples" / "gammacore.env"
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
GOOGLES_OWN = {"GOOGLE_APPLICATION_CREDENTIALS", "FIRESTORE_EMULATOR_HOST"}
SYSTEMS_OWN = {
    "SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "JOURNAL_STREAM", "CLOCK_BOOTTIME",
    "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET",
}  # fmt: skip
"""Set by the system or the service manager, never by a person; a clock of the operating system; what a study sets for
its own workers."""
SPEAK_IN_CAPITALS = (
    "domain/hedge_filter/option_translation.py",
    "domain/words.py",
    "domain/scalping/signals/",
    "adapters/legacy/",
)
"""Reason codes and tags that only look like variables."""


def sampled() -> Mapping[str, str]:
    """Every variable of the file, commented out or not, with what stands behind the sign."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    return {match[1]: match[2] for line in lines if (match := re.fullmatch(r"#?([A-Z][A-Z0-9_]*)=(.*)", line))}


def named() -> Iterator[tuple[str, Path]]:
    """Every text of the sources that is called like a variable."""
    for folder in ("src", "cli"):
        for path in (ROOT / folder).rglob("*.py"):
            if any(part in path.as_posix() for part in SPEAK_IN_CAPITALS):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and VARIABLE.fullmatch(node.value):
                    yield node.value, path


def test_every_variable_the_code_names_is_in_the_sample() -> None:
    """Issue 4: a commented sample environment file documents every variable read."""
    missing = {name: path.name for name, path in named() if name not in sampled() and name not in SYSTEMS_OWN}

    assert missing == {}
    assert {variable.name for variable in TABLE} <= sampled().keys()


def test_the_sample_names_no_variable_nobody_reads() -> None:
    read = {name for name, _ in named()} | GOOGLES_OWN | {variable.name for variable in TABLE}
    strange = {name for name in sampled() if name not in read and not name.startswith("GAMMACORE_")}

    assert strange == set()


def test_the_defaults_of_the_sample_are_the_defaults() -> None:
    """Section 1.5: taking every # away changes nothing."""
    assert configure([read_environment(sampled())]).settings == Settings()


def test_every_line_is_a_comment() -> None:
    assert all(line.startswith("#") or not line for line in SAMPLE.read_text(encoding="utf-8").splitlines())
