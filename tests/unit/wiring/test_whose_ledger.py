"""Whose account a ledger is, read from its file: at its beginning, late, or not at all. Rule: CS-609."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.configuration import Settings
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import AccountRecorded, AlarmRaised, Event, LedgerOpened, Mode
from gammacore.errors import ConfigurationError
from gammacore.ports.credentials import Secret
from gammacore.wiring.ledgers.choice import Whose, whose_ledger
from gammacore.wiring.ledgers.whose_ledger import mark_of, refuse_another_account
from gammacore.wiring.service.arming import Armed

NOON = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
NUMBER, ANOTHER = "6YA11111", "6YB22222"
ARMED = Armed(Mode.LIVE, BrokerName.TRADIER, Secret(NUMBER))
MARK = mark_of(ARMED, "f00d")
ALARMS = tuple(AlarmRaised(NOON, "stale_quotes", f"look {number}") for number in range(5))


def a_ledger(folder: Path, mode: Mode, *events: Event) -> Path:
    storage = SqliteStorage(folder / "ledger.sqlite")
    storage.append([LedgerOpened(NOON, "mine", mode, "f00d", Decimal(20_000)), *events], 0)
    storage.close()
    return folder / "ledger.sqlite"


@pytest.mark.parametrize(
    ("mode", "events", "whose"),
    [
        (Mode.LIVE, (AccountRecorded(NOON, MARK),), Whose("f00d", MARK)),
        (Mode.PAPER, (*ALARMS, AccountRecorded(NOON, MARK), *ALARMS), Whose("f00d", MARK)),
        (Mode.LIVE, ALARMS, Whose("f00d")),
        (Mode.LIVE, (), Whose("f00d")),
        (Mode.STUDY, ALARMS, Whose()),
    ],
    ids=["at its beginning", "recorded late", "never recorded", "only opened", "a study"],
)
def test_whose_ledger_it_is(tmp_path: Path, mode: Mode, events: tuple[Event, ...], whose: Whose) -> None:
    assert whose_ledger(Settings(), a_ledger(tmp_path, mode, *events)) == whose


def test_an_empty_ledger_is_nobodys_yet(tmp_path: Path) -> None:
    SqliteStorage(tmp_path / "ledger.sqlite").close()

    assert whose_ledger(Settings(), tmp_path / "ledger.sqlite") == Whose()


def test_the_mark_is_of_what_the_broker_answers_before_what_was_given() -> None:
    assert mark_of(ARMED, "f00d", ANOTHER).contradicts(MARK)
    assert mark_of(Armed(Mode.PAPER, BrokerName.ALPACA), "f00d").is_whole is False
    assert (MARK.ending, mark_of(ARMED, "f00d", "1234567").ending) == ("***111", "***")


def test_a_refusal_names_the_ledger_both_accounts_and_the_fix() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        refuse_another_account(Path("live/mine.sqlite"), MARK, mark_of(ARMED, "f00d", ANOTHER))

    assert str(refusal.value) == (
        "live/mine.sqlite is of the tradier account ***111, and this run is of the tradier account ***222; nothing was "
        "written. Give the broker and the credentials of the tradier account ***111, or keep the other account apart: "
        "another account.id, or a home of its own (GAMMACORE_HOME)"
    )


def test_what_was_not_recorded_refuses_nothing() -> None:
    refuse_another_account(None, None, MARK)
    refuse_another_account(None, MARK, mark_of(Armed(Mode.LIVE, BrokerName.TRADIER), "f00d"))
