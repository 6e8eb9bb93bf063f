"""Which code a result was computed by: a worker with other code would make other trades and call them the same.

Rule: ST-507.
"""

from __future__ import annotations

import hashlib
import os
import platform
import socket
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from attrs import asdict, frozen

import gammacore
from gammacore.errors import GammacoreError


class OtherCode(GammacoreError):
    """A worker runs other code than the one that sent it the task: nothing was computed."""


@frozen
class CodeFingerprint:
    """Version of gammacore, SHA-256 over its files, numpy's and Python's versions."""

    gammacore: str
    files: str
    numpy: str
    python: str

    @property
    def hash(self) -> str:
        return hashlib.sha256("\n".join(self.as_json().values()).encode()).hexdigest()

    def as_json(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}


@cache
def code_fingerprint() -> CodeFingerprint:
    """That of this process, read once."""
    import numpy

    try:
        own = version("gammacore")
    except PackageNotFoundError:
        own = "not installed"
    files = _files_hash(Path(gammacore.__file__).parent)
    return CodeFingerprint(own, files, numpy.__version__, platform.python_version())


def _files_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def refuse_other_code(sent: Mapping[str, str]) -> None:
    """Refuse a task that other code has sent.

    Raises:
        OtherCode: names this worker and every difference.
    """
    own = code_fingerprint().as_json()
    differs = [f"{name} {own[name][:12]} where the sweep has {sent.get(name, 'nothing')[:12]}"
               for name in own if own[name] != sent.get(name)]  # fmt: skip
    if differs:
        raise OtherCode(
            f"worker {socket.gethostname()}:{os.getpid()} runs other code: {'; '.join(differs)}; "
            "install the same commit there, or stop that worker"
        )
