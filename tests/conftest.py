"""Fixtures every test may use."""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import freezegun
import pytest
from hypothesis import HealthCheck, settings

from gammacore_cli.terminal import TerminalLines

# A run that a script started in the background is born with SIGINT ignored, and a test of Ctrl-C would wait for ever
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine fails no test: no deadlines. CI repeats the same few examples, of which more would find the same each
# time; `make nightly` draws new ones, and many.
settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("unhurried"), max_examples=30, derandomize=True)
settings.register_profile("nightly", settings.get_profile("unhurried"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "unhurried"))

# A frozen clock is the adapter's, never the stopwatch of pytest: a test would seem to have taken years.
freezegun.configure(extend_ignore_list=["_pytest"])

ROOT = Path(__file__).resolve().parents[1]

MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 * 1024**3
"""A run leaves a few hundred megabytes; a container's own 64 are not enough."""


def runs_in_memory(folder: Path = MEMORY) -> bool:
    """Whether test folders may lie in memory, where each of the thousands of ledger commits waits for no disk.

    Every `fsync` is still called; what a loss of power does to a disk is tested by what the code asks of it.
    """
    if "PYTEST_DEBUG_TEMPROOT" in os.environ or not os.access(folder, os.W_OK):
        return False
    there = os.statvfs(folder)
    return there.f_bavail * there.f_frsize >= ROOM_BYTES and not there.f_flag & os.ST_NOEXEC


if runs_in_memory():
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)

gc.set_threshold(100_000, 50, 50)
"""Thousands of collected tests stay alive to the end: looked through as often as by default, they cost a tenth."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: what is left at the end is short, and the workers end together.

    The short ones go to a worker by the file: what a file sets up is set up once, and pytest-xdist, which after every
    test counts all groups it has ever given out, has hundreds to count and not fourteen thousand.
    """
    items.sort(key=lambda item: "integration" not in item.path.parts)
    for item in items:
        if "integration" not in item.path.parts and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(ROOT).as_posix()))


def pytest_collection_finish() -> None:
    """What was collected is looked through no more."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real chains and reference figures; read in place, never copied. Skips, with the reason, where they are absent."""
    folder = Path(os.environ.get("GAMMACORE_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"reference data not found at {folder}; set GAMMACORE_SHARED_DATA")
    return folder


class NoYields:
    """A Treasury that answers nothing: the rates of a test are the fallback, and no test asks a server for them."""

    name = "treasury"

    def par_yields(self, today: object) -> dict[object, object]:
        return {}


@pytest.fixture(scope="session", autouse=True)
def no_treasury() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gammacore.wiring.mode_rules.Treasury", NoYields)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_cache_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The exchange's days are computed once for every worker and every process a test starts, never at the user's."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        (base / "runtime").mkdir(mode=0o700, exist_ok=True)  # a test must find no loop but its own
        patch.setenv("XDG_RUNTIME_DIR", str(base / "runtime"))
        yield


@pytest.fixture(autouse=True)
def nobody_listens_on() -> Iterator[None]:
    """A test that leaves a broker's stream connecting anew is the one to fail, not whatever the worker runs next."""
    yield
    left = [thread.name for thread in threading.enumerate() if thread.name.endswith("order news")]
    assert not left, f"still listening after the test: {left}"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """What a command line run in this process did to logging ends with its test: handlers, levels, a closed stream."""
    root, manager = logging.getLogger(), logging.Logger.manager
    level = root.level
    levels = {name: logger.level for name, logger in manager.loggerDict.items() if isinstance(logger, logging.Logger)}
    yield
    root.setLevel(level)
    for handler in [one for one in root.handlers if type(one) in (logging.StreamHandler, TerminalLines)]:
        root.removeHandler(handler)
    for name, logger in manager.loggerDict.items():
        if isinstance(logger, logging.Logger):
            logger.setLevel(levels.get(name, logging.NOTSET))
