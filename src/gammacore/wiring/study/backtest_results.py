"""`gammacore.backtest`: many days from a notebook or a program, with a value out. Rules: ST-802, ST-213."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import frozen

from gammacore.application.study.record_statistics import RecordStatistics
from gammacore.configuration import Configuration, configure
from gammacore.domain.study.documents import Document, canonical
from gammacore.frames import Columns, Framed
from gammacore.wiring.ledgers.choice import STUDIES
from gammacore.wiring.ledgers.storage import make_folder
from gammacore.wiring.study.backtests import BacktestOptions, BacktestRun, Missing, RunMode, run_backtest
from gammacore.wiring.study.bundles import result_document, statistics_of_run, title_of, write_bundle


@frozen(eq=False, repr=False)
class BacktestResult(Framed):
    """A run and its statistics. Its repr shows the warnings. Rule: ST-802."""

    run: BacktestRun
    statistics: RecordStatistics

    @cached_property
    def document(self) -> Document:
        """What result.json says, as plain values."""
        return result_document(self.run, self.statistics)

    @property
    def failed(self) -> dict[dt.date, str]:
        """Days that raised, with their errors: they count in no figure."""
        return self.run.failed

    def to_json(self) -> str:
        """The text of result.json. Rule: ST-213."""
        return canonical(self.document)

    def columns(self) -> Columns:
        """The trades, a row each."""
        return self.statistics.columns()

    def __repr__(self) -> str:
        counted, days = self.statistics.net.counted, self.document["days"]
        head = (
            f"BacktestResult({title_of(self.run)}: {days['traded']} of {days['requested']} days, "
            f"{counted.trades} trades, net {counted.total:.2f})"
        )
        return "\n".join([head, *(f"  {warning}" for warning in self.statistics.warnings)])


def backtest(
    first: dt.date | str,
    last: dt.date | str,
    *,
    settings: Configuration | Mapping[str, Any] | None = None,
    out: Path | str | None = None,
    resume: bool = False,
    mode: RunMode | str = RunMode.CARRY,
    missing: Missing | str = Missing.SKIP,
    **options: Any,
) -> BacktestResult:
    """Trade every session from `first` to `last` and leave a bundle in `out`, by default a new folder of the home.

    `settings` are dotted keys or a whole configuration; `options` those of `BacktestOptions` (workers, contracts,
    balance, history, ...). A script that calls this stands under `if __name__ == "__main__":`, as with every process.

    Raises:
        ConfigurationError, MissingData, StorageError: see `gammacore.wiring.study.backtests.run_backtest`.
    """
    chosen = settings if isinstance(settings, Configuration) else configure([settings or {}])
    asked = BacktestOptions(_date(first), _date(last), mode=RunMode(mode), missing=Missing(missing), **options)
    folder = Path(out) if out is not None else new_study(chosen.settings.storage.home, study_name(asked))
    run = run_backtest(chosen, asked, folder, resumes=resume)
    statistics = statistics_of_run(run)
    write_bundle(run, statistics, {})
    return BacktestResult(run, statistics)


def _date(given: dt.date | str) -> dt.date:
    return given if isinstance(given, dt.date) else dt.date.fromisoformat(given)


def study_name(options: BacktestOptions) -> str:
    """What a run's folder is called after its number."""
    return f"backtest-{options.first:%Y%m%d}-{options.last:%Y%m%d}"


def new_study(home: Path, name: str) -> Path:
    """A folder for a new study under a home, numbered so that none is overwritten; it is ours from now on. ST-801.

    Raises:
        ConfigurationError: it cannot be made.
    """
    studies = home / STUDIES
    make_folder(studies)
    while True:
        taken = (path.name.split("-", 1)[0] for path in studies.glob("[0-9]*-*"))
        path = studies / f"{1 + max(map(int, filter(str.isdecimal, taken)), default=0):04d}-{name}"
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
            return path
