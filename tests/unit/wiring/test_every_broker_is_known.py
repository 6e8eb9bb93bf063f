"""A broker added to `BrokerName` is complete: mypy names the table that lacks it, these what its kit lacks."""

from __future__ import annotations

import re

import pytest

from conftest import ROOT
from gammacore.adapters.credentials import Variables
from gammacore.configuration import Settings
from gammacore.configuration.brokers import credential_names, kit_of
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import Mode
from gammacore.domain.loop_limits import RequestDeadlines
from gammacore.wiring.service.arming import account_number

REAL = [broker for broker in BrokerName if broker.is_real]
ALLOWED = {"configuration/brokers.py", "domain/broker_facts/dated.py"}
"""Where a broker is decided by its name: the table of kits, and the enum."""


@pytest.mark.parametrize("broker", BrokerName)
def test_a_kit_is_of_its_broker_and_knows_the_option_level_of_a_spread(broker: BrokerName) -> None:
    assert kit_of(broker).name is broker
    assert kit_of(broker).facts.spread_levels


@pytest.mark.parametrize("broker", REAL)
def test_a_real_broker_says_what_opens_it_and_what_helps_where_it_is_late(broker: BrokerName) -> None:
    kit = kit_of(broker)

    assert kit.keys(Mode.LIVE).needed
    assert kit.keys(Mode.PAPER).needed
    assert kit.live.account in kit.live.needed
    assert kit.readers
    assert kit.delay_remedy
    assert kit.delay_check


@pytest.mark.parametrize("broker", REAL)
def test_every_credential_that_a_kit_speaks_of_is_one_it_needs(broker: BrokerName) -> None:
    kit = kit_of(broker)
    named = {*kit.complete_alone, *kit.paper_marks, *kit.live_marks, *kit.twins, *kit.twins.values()}

    assert named | {name for name, _ in kit.readers} <= {*kit.live.needed, *kit.paper.needed}


@pytest.mark.parametrize("broker", REAL)
def test_a_real_broker_has_a_section_with_its_deadlines(broker: BrokerName) -> None:
    assert isinstance(getattr(Settings(), broker.value), RequestDeadlines)


def test_no_two_credentials_are_called_alike() -> None:
    assert len(credential_names()) == len(set(credential_names()))


def test_nothing_but_the_table_asks_which_real_broker_it_is() -> None:
    source, asks = ROOT / "src" / "gammacore", re.compile(r"^(?!\s*>>>).*BrokerName\.(TRADIER|ALPACA)", re.MULTILINE)
    found = {
        path.relative_to(source).as_posix() for path in source.rglob("*.py") if asks.search(path.read_text("utf-8"))
    }

    assert found - ALLOWED == {"adapters/tradier/kit.py", "adapters/alpaca/kit.py"}


@pytest.mark.parametrize("broker", BrokerName)
@pytest.mark.parametrize("mode", Mode)
def test_the_number_of_an_account_is_reported_where_a_credential_has_it_and_else_is_none(
    broker: BrokerName, mode: Mode
) -> None:
    """Alpaca's paper keys do not say it: who looks whether an account is flat beside a running loop goes on without."""
    name = kit_of(broker).keys(mode).account
    number = account_number(broker, mode, Variables({name: "VA12345678"} if name else {}, "test"))

    assert (None if number is None else number.reveal()) == ("VA12345678" if name else None)
    assert account_number(broker, mode, Variables({}, "test")) is None
