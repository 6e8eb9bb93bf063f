"""Which ledger a command means: what was asked, what there is under the home, and one rule for every command.

The rule (`choose`) is pure; `ledgers_of` reads what it chooses from: account ledgers, the newest study and the loops
that run, found by the writers' locks under the home. Nothing here takes a lock or changes a file. Rules: OP-101..105.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import assert_never

from attrs import field, frozen

from gammacore.adapters.loop_register import registered_ledgers
from gammacore.configuration import Settings
from gammacore.domain.ledger import AccountMark, AccountRecorded, Event, LedgerOpened, Mode
from gammacore.errors import ConfigurationError, GammacoreError, MissingData
from gammacore.wiring.ledgers.storage import (
    LedgerPlace,
    account_ledger,
    ledger_exists,
    open_storage,
    opening_of,
    writer_of,
)


class Use(StrEnum):
    """What a command does with a ledger, as far as the choice depends on it."""

    READ = "read"
    """Shows it: where several could be meant, one is shown and the others are listed."""
    HALT = "halt"
    """Without a choice every loop that runs is meant. Rule: OP-105."""
    ACT = "act"
    """Changes its file: where several could be meant, one must be named."""
    TRADE = "trade"
    """As `ACT`, at its account: a live one needs the three locks."""
    RESUME = "resume"
    """As `ACT`, and a live ledger is never taken without being named. Rule: OP-105."""


@frozen
class LedgerChoice:
    """What the command line said: a mode (--paper, --live, --study), a ledger (--ledger L), or nothing.

    `locks` says that --live is also a lock of live trading here, which may stand beside --ledger.
    """

    mode: Mode | None = None
    place: LedgerPlace | None = None
    locks: bool = False

    @classmethod
    def of(cls, modes: Iterable[Mode], place: LedgerPlace | None, *, locks: bool = False) -> LedgerChoice:
        """The choice that some options make.

        Raises:
            ConfigurationError: two of them. Rule: OP-101.
        """
        chosen = tuple(modes)
        given = [f"--{mode}" for mode in chosen] + ([] if place is None else ["--ledger"])
        beside = locks and chosen == (Mode.LIVE,)
        if len(given) > 1 and not beside:
            raise ConfigurationError(f"{' and '.join(given)}: a command means one ledger; give one of them")
        return cls(chosen[0] if chosen else None, place, locks)


@frozen
class FoundLedger:
    """A ledger as it was found. `mode` is None where its first event cannot be read and its folder does not tell.

    `writer` is the process that writes it, None when no loop runs.
    """

    place: LedgerPlace
    mode: Mode | None
    writer: str | None = None

    @property
    def words(self) -> str:
        """The mode as a person is shown it.

        >>> FoundLedger(Path("a.sqlite"), Mode.LIVE).words, FoundLedger(Path("a.sqlite"), None).words
        ('LIVE', 'UNKNOWN MODE')
        """
        return "UNKNOWN MODE" if self.mode is None else self.mode.value.upper()


@frozen
class HomeLedgers:
    """What there is to choose from. `own` are the configured account's ledgers by mode, whether they exist or not.

    `accounts` and `running` are in the order they are listed in; `newest_study` is asked only when it is needed, and
    `look` says of one place what is there, None for no ledger.
    """

    own: Mapping[Mode, LedgerPlace]
    configured: Mode
    accounts: tuple[FoundLedger, ...]
    running: tuple[FoundLedger, ...]
    newest_study: Callable[[], FoundLedger | None]
    look: Callable[[LedgerPlace], FoundLedger | None] = field(repr=False)

    @property
    def known(self) -> tuple[FoundLedger, ...]:
        """Loops that run and account ledgers, each once."""
        return tuple({str(one.place): one for one in (*self.accounts, *self.running)}.values())

    def option(self, ledger: FoundLedger) -> str:
        """The option that names a ledger: --paper or --live for the configured account's own, else --ledger.

        A ledger in its account's place that is of another mode is only named by its path.
        """
        if ledger.mode is not None and self.own.get(ledger.mode) == ledger.place:
            return f"--{ledger.mode}"
        return f"--ledger {quote(str(ledger.place))}"


@frozen
class Chosen:
    """The ledgers a command acts on, one except for `halt`; and those it could have meant besides."""

    ledgers: tuple[FoundLedger, ...]
    others: tuple[FoundLedger, ...] = ()

    @property
    def one(self) -> FoundLedger:
        (only,) = self.ledgers
        return only


def choose(asked: LedgerChoice, home: HomeLedgers, use: Use, command: str) -> Chosen:
    """The ledgers that `command` means. Nothing is opened to be written.

    Raises:
        ConfigurationError: a ledger of another mode than asked for, or several could be meant: one ready command each.
        MissingData: there is no such ledger; those that exist are named.
    """
    if asked.place is not None:
        return _with_others(_named(asked, asked.place, home, use, command), home)
    if asked.mode is Mode.STUDY:
        if (study := home.newest_study()) is None:
            raise MissingData(f"no study under the home{_existing(home, use, command)}")
        return _with_others(study, home)
    if asked.mode is not None:
        return _with_others(_named(asked, home.own[asked.mode], home, use, command), home)
    return _guessed(home, use, command)


def _named(asked: LedgerChoice, place: LedgerPlace, home: HomeLedgers, use: Use, command: str) -> FoundLedger:
    found = home.look(place)
    if found is None:
        raise MissingData(f"{place}: no such ledger{_existing(home, use, command)}")
    if asked.mode is not None and found.mode not in (None, asked.mode):
        raise ConfigurationError(
            f"{place} is a {found.mode} ledger, and --{asked.mode} was asked for; nothing was written. "
            f"To act on it: {_command(found, home, use, command)}"
        )
    return found


def _guessed(home: HomeLedgers, use: Use, command: str) -> Chosen:
    """Without a choice: the one loop that runs, else the only account ledger, else by the use. Rule: OP-102."""
    if use is Use.HALT and home.running:
        return Chosen(home.running)
    only = home.running if len(home.running) == 1 else () if home.running else home.accounts
    if len(only) == 1:
        if use is Use.RESUME and only[0].mode is Mode.LIVE:
            raise ConfigurationError(
                f"{only[0].place} is live, and a live ledger is never resumed without being named; "
                f"{_ready(only, home, use, command)}"
            )
        return _with_others(only[0], home)
    match use:
        case Use.READ:
            own = home.look(home.own[home.configured])
            if (first := own or home.newest_study()) is not None:
                return _with_others(first, home)
        case Use.HALT | Use.ACT | Use.TRADE | Use.RESUME:
            pass
        case _:
            assert_never(use)
    several = home.running or home.accounts
    if several:
        raise ConfigurationError(
            f"{len(several)} ledgers could be meant; nothing was written. {_ready(several, home, use, command)}"
        )
    raise MissingData(f"no account ledger under the home{_existing(home, use, command)}")


def _with_others(chosen: FoundLedger, home: HomeLedgers) -> Chosen:
    return Chosen((chosen,), tuple(one for one in home.known if not _same(one.place, chosen.place)))


def _ready(ledgers: Iterable[FoundLedger], home: HomeLedgers, use: Use, command: str) -> str:
    """One command a ledger, ready to be copied."""
    return "Say which: " + ", or ".join(
        f"{_command(one, home, use, command)} ({one.words} {one.place})" for one in ledgers
    )


def _command(ledger: FoundLedger, home: HomeLedgers, use: Use, command: str) -> str:
    """The command that names this ledger, with what a live one asks for besides."""
    option = home.option(ledger)
    if ledger.mode is Mode.LIVE and use is Use.TRADE and option != "--live":
        option = f"--live {option}"
    confirmed = ledger.mode is Mode.LIVE and use in (Use.TRADE, Use.RESUME)
    return f"{command} {option}" + (" --confirm-account N" if confirmed else "")


def _existing(home: HomeLedgers, use: Use, command: str) -> str:
    """The ledgers that exist, to be copied from a refusal."""
    found = list(home.known)
    with suppress(GammacoreError):
        if not any(one.mode is Mode.STUDY for one in found) and (study := home.newest_study()) is not None:
            found.append(study)
    if not found:
        return "; `gammacore trade` makes one"
    named = ", ".join(f"{one.words} {one.place} ({_command(one, home, use, command)})" for one in found)
    return f"; there are: {named}"


def _same(one: LedgerPlace, other: LedgerPlace) -> bool:
    if isinstance(one, Path) and isinstance(other, Path):
        return one.resolve() == other.resolve()
    return one == other


# -- what there is ------------------------------------------------------------------------------------------------


def ledgers_of(settings: Settings, *, everywhere: bool = False) -> HomeLedgers:
    """What a home holds: its account ledgers, the loops that run under it, and its newest study.

    With `everywhere` also the loops that the register names, wherever their ledgers are. Rule: OP-102.

    Raises:
        StorageError: whether a loop runs, or whether a ledger in Firestore exists, cannot be seen.
    """
    own = {mode: account_ledger(settings, mode) for mode in (Mode.PAPER, Mode.LIVE)}
    places = [*_locked(settings.storage.home), *(_elsewhere(settings.storage.home) if everywhere else ())]
    running = [path for path in places if writer_of(settings, path) is not None]
    accounts: dict[LedgerPlace, None] = dict.fromkeys(_account_files(settings.storage.home))
    if settings.storage.kind == "firestore" or settings.storage.file is not None:
        accounts |= dict.fromkeys(place for place in own.values() if ledger_exists(settings, place))
    found = [ledger for place in accounts if (ledger := look_at(settings, place)) is not None]
    loops = [ledger for path in running if (ledger := look_at(settings, path)) is not None]
    loops += [one for one in found if one.place not in running and one.writer is not None]
    return HomeLedgers(
        own=own,
        configured=Mode.PAPER if settings.account.paper else Mode.LIVE,
        accounts=tuple(found),
        running=tuple(one for one in loops if one.writer is not None),
        newest_study=lambda: _newest_study(settings, loops),
        look=lambda place: look_at(settings, place),
    )


def look_at(settings: Settings, place: LedgerPlace) -> FoundLedger | None:
    """One ledger with its mode and writer; None when there is none at that place.

    Raises:
        StorageError: it is in Firestore, which does not answer.
    """
    if not ledger_exists(settings, place):
        return None
    return FoundLedger(place, _mode_of(settings, place), writer_of(settings, place))


def _mode_of(settings: Settings, place: LedgerPlace) -> Mode | None:
    """By its first event; of one that cannot be read or has none yet, by the folder or name of its account's ledger."""
    with suppress(GammacoreError):
        opened = next((event for event in opening_of(settings, place, 1) if isinstance(event, LedgerOpened)), None)
        if opened is not None:
            return opened.mode
    if not isinstance(place, Path) or settings.storage.file is not None:
        return next((mode for mode in (Mode.PAPER, Mode.LIVE) if account_ledger(settings, mode) == place), None)
    home, folder = settings.storage.home.resolve(), place.resolve().parent
    return {home / "paper": Mode.PAPER, home / "live": Mode.LIVE, home / "runs": Mode.STUDY}.get(folder)


STUDIES = "studies"
"""The folder of a home that studies of many days live in. Rule: ST-801."""


def _account_files(home: Path) -> Iterator[Path]:
    for mode in (Mode.PAPER, Mode.LIVE):
        yield from sorted((home / mode).glob("*.sqlite"))


def _locked(home: Path) -> Iterator[Path]:
    """Ledgers under a home that had a writer once; a backtest's is no loop's, and obeys nothing."""
    for lock in sorted(home.rglob("*.lock")):
        ledger = lock.with_suffix("")
        if ledger.is_file() and home / STUDIES not in ledger.parents:
            yield ledger


def _elsewhere(home: Path) -> Iterator[Path]:
    """Ledgers in the register that are not under a home; where two name one file, the home's name is taken."""
    here = home.resolve()
    yield from (ledger for ledger in registered_ledgers() if here not in ledger.parents)


def every_ledger(settings: Settings) -> Iterator[FoundLedger]:
    """Every ledger under a home: accounts, then studies, each once; what is no ledger is passed over."""
    home = ledgers_of(settings)
    studies = sorted((settings.storage.home / "runs").glob("*.sqlite"))
    found = (*home.known, *(look for path in studies if (look := look_at(settings, path)) is not None))
    yield from {str(one.place): one for one in found}.values()


def _newest_study(settings: Settings, running: Iterable[FoundLedger]) -> FoundLedger | None:
    """The study that runs, else the one last written to, a day's or a backtest's; no other kind of ledger.

    Rule: ST-801.
    """
    home = settings.storage.home
    there = [*(home / "runs").glob("*.sqlite"), *(home / STUDIES).rglob("ledger.sqlite")]
    runs = sorted(there, key=lambda path: (_written(path), path.name))
    loops = [one.place for one in running if one.mode is Mode.STUDY and one.writer is not None]
    for place in (*loops, *reversed(runs)):
        found = look_at(settings, place)
        if found is not None and found.mode is Mode.STUDY:
            return found
    return None


def _written(ledger: Path) -> int:
    """When a ledger was last written to: a writer at work writes beside it, into the write-ahead log."""
    log = ledger.with_name(f"{ledger.name}-wal")
    return max(file.stat().st_mtime_ns for file in (ledger, log) if file.exists())


@frozen
class Whose:
    """Of which account a ledger is, as far as it was recorded; the lineage is what its digest was made under."""

    lineage: str = ""
    account: AccountMark | None = None


def whose_ledger(settings: Settings, place: LedgerPlace) -> Whose:
    """Read from the first events where it stands since gammacore records it there, else by a look through the ledger.

    A study is of no account. Rule: CS-609.

    Raises:
        StorageError: it cannot be read.
    """
    first = opening_of(settings, place, 3)
    opened = next((event for event in first if isinstance(event, LedgerOpened)), None)
    if opened is None or opened.mode is Mode.STUDY:
        return Whose()
    if (mark := _first_mark(first)) is not None:
        return Whose(opened.lineage, mark)
    storage = open_storage(settings, place, read_only=True)
    try:
        return Whose(opened.lineage, _first_mark(storage.events(len(first))))
    finally:
        storage.close()


def _first_mark(events: Iterable[Event]) -> AccountMark | None:
    return next((event.account for event in events if isinstance(event, AccountRecorded)), None)


# -- what is shown of a ledger ------------------------------------------------------------------------------------


@frozen
class Sight:
    """What of a ledger stands in the first line of a command: the end of its account's number, its last instant."""

    account: str
    as_of: dt.datetime | None


def sight_of(settings: Settings, place: LedgerPlace) -> Sight:
    """Raises StorageError where the ledger cannot be read."""
    storage = open_storage(settings, place, read_only=True)
    try:
        last = next(iter(storage.events(storage.version - 1)), None)
    finally:
        storage.close()
    account = whose_ledger(settings, place).account
    return Sight("" if account is None else account.ending, None if last is None else last.at)
