"""docs/brokers.md is true: its faults, facts, locks, credentials and limits are the code's, its examples run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pytest
import requests

from builders_cli import CommandLine, at_home
from conftest import ROOT
from contract_table import BEGIN, COMMAND, CONTRACTS, END, in_words
from contracts.broker_contract import BrokerContract
from contracts.live_market_contract import LiveMarketContract
from contracts.market_data_contract import MarketDataContract
from counterparts import alpaca_words, tradier_dialect
from counterparts.world import WireFault
from gammacore.adapters.alpaca import faults as alpaca
from gammacore.adapters.tradier import faults as tradier
from gammacore.adapters.tradier.pacing import SANDBOX_LIMITS, PacingLimits
from gammacore.adapters.wire import Asked
from gammacore.configuration.brokers import credential_names, kit_of, needed_credentials
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.broker_facts.day_trading import PATTERN, REPLACED_BY_ALL, REPLACED_FROM
from gammacore.domain.broker_facts.fees import DEFAULT_FEES
from gammacore.domain.risk.arming import Lock
from gammacore.errors import BrokerError
from gammacore.wiring.checks.doctor import BROKER_CHECKS

PAGE = (ROOT / "docs" / "brokers.md").read_text(encoding="utf-8")
Cells = list[str]


def table(head: str) -> list[Cells]:
    """The cells of the rows below a head."""
    _, found, below = PAGE.partition(f"| {head} |")
    assert found, f"no table | {head} |"
    rows = []
    for line in below.splitlines()[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


# -- faults -----------------------------------------------------------------------------------------------------------


def tradier_answer(fault: WireFault) -> Callable[[], object]:
    return lambda: tradier.read_answer(fault.status, fault.body)


def tradier_trouble(cause: httpx.HTTPError | Callable[[], object]) -> tradier.WireTrouble:
    if isinstance(cause, httpx.HTTPError):
        return tradier.transport_trouble(cause)
    with pytest.raises(tradier.WireTrouble) as raised:
        cause()
    return raised.value


def alpaca_answer(fault: WireFault) -> requests.HTTPError:
    answer = requests.Response()
    answer.status_code, answer._content = fault.status, fault.body.encode()
    answer.request = requests.Request("GET", "http://127.0.0.1/").prepare()
    return requests.HTTPError(response=answer)


TRADIER: Mapping[str, httpx.HTTPError | Callable[[], object]] = {
    "no connection, or a time-out while connecting": httpx.ConnectTimeout(""),
    "time-out while reading": httpx.ReadTimeout(""),
    "connection broken on the way": httpx.RemoteProtocolError(""),
    **{
        label: tradier_answer(tradier_dialect.FAULTS[name])
        for label, name in {
            "400 with a text": "400_text",
            "400 with a list of errors": "400_list",
            "401 with a fault": "401_fault",
            "429": "429",
            '500 "Datastore Error"': "500_datastore",
            "500 that means an expired token": "500_expired_token",
            "502 with a page of HTML": "502_page",
            "504": "504",
            "200 with a rejection inside": "200_rejection",
            "200, cut in the middle": "cut_json",
        }.items()
    },
}
ALPACA: Mapping[str, Exception] = {
    "no connection, or a time-out while connecting": requests.ConnectTimeout(),
    "time-out while reading": requests.ReadTimeout(),
    "connection broken on the way": requests.ConnectionError("reset"),
    **{
        label: alpaca_answer(alpaca_words.FAULTS[name])
        for label, name in {
            "400": "400_malformed", "401": "401_keys", "403": "403_level", "422": "422_no_sense", "429": "429",
            "500": "500", "502 with a page of HTML": "502_page", "504": "504",
        }.items()
    },
    "403 with a page of HTML": alpaca_answer(WireFault(status=403, body="<html>forbidden</html>")),
    "404 of a gateway": alpaca_answer(WireFault(status=404, body="<html>not found</html>")),
    "200, cut in the middle or a page of HTML": requests.JSONDecodeError("", "", 0),
}  # fmt: skip


def cells(passes: bool, errors: list[BrokerError]) -> Cells:
    """What a question, an order and a cancel are answered; "again" where the question is asked again first."""
    question, *others = [f"`{type(error).__name__}`" for error in errors]
    return [f"asked again, then {question}" if passes else question, *others]


def test_the_table_of_tradiers_faults_is_what_the_code_does() -> None:
    """R4: and an order is in no row sent again."""
    asked = (Asked.READ, Asked.ORDER, Asked.CANCEL)
    expected = []
    for label, cause in TRADIER.items():
        trouble = tradier_trouble(cause)
        errors = [trouble.to_broker_error(each, "") for each in asked]
        expected.append([label, *cells(trouble.trouble.passes, errors)])

    assert table("at Tradier | a question | an order | a cancel") == expected


def test_the_table_of_alpacas_faults_is_what_the_code_does() -> None:
    """R4."""
    asked = (Asked.READ, Asked.ORDER, Asked.CANCEL)
    expected = []
    for label, cause in ALPACA.items():
        trouble = alpaca.trouble_of(cause)
        errors = [trouble.to_broker_error(each, "") for each in asked]
        expected.append([label, *cells(trouble.trouble.passes, errors)])

    assert table("at Alpaca | a question | an order | a cancel") == expected


# -- contracts --------------------------------------------------------------------------------------------------------


def promised(*suites: type) -> set[str]:
    return {in_words(name) for suite in suites for name in vars(suite) if name.startswith("test_")}


def test_every_case_of_both_contracts_is_in_the_tables_and_passes() -> None:
    """R13: the tables come from a run; here only that none is missing and none failed."""
    broker, market = CONTRACTS
    section = PAGE.partition(BEGIN)[2].partition(END)[0]
    raised = {}
    for contract in (broker, market):
        rows = table(" | ".join((contract.name, *contract.adapters.values())))
        raised[contract.name] = {case for case, *_ in rows}
        assert all(re.fullmatch(r"pass( ×\d+)?|–", cell) for _, *each in rows for cell in each)

    assert raised == {
        broker.name: promised(BrokerContract),
        market.name: promised(LiveMarketContract, MarketDataContract),
    }
    assert "FAIL" not in section
    assert COMMAND in PAGE


# -- what a user types ------------------------------------------------------------------------------------------------


def examples() -> list[tuple[str, str]]:
    """Every command of the console blocks, with what it says."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    return [
        (command, said.strip())
        for block in blocks
        for command, said in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]


@pytest.mark.parametrize(("command", "said"), examples())
def test_an_example_comes_out_as_it_stands(
    command: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    at_home(monkeypatch, tmp_path)
    for name in credential_names():
        monkeypatch.delenv(name, raising=False)
    words = shlex.split(command)
    while "=" in words[0]:
        monkeypatch.setenv(*words.pop(0).split("=", 1))
    assert words.pop(0) == "gammacore"

    answer = CommandLine(capsys)(*words)

    assert answer.err.strip() == said


def test_the_examples_are_there() -> None:
    assert len(examples()) >= 3


def test_the_table_of_credentials_is_what_is_needed() -> None:
    rows = table("broker | mode | credentials")

    assert [[broker.lower(), mode, names] for broker, mode, names in rows] == [
        [kit.name, mode.value, ", ".join(f"`{name}`" for name in names)] for kit, mode, names in needed_credentials()
    ]


def test_every_lock_and_every_check_is_named() -> None:
    assert {row[-1].strip("`") for row in table("what stands against it | reason code")} == set(Lock)
    assert {row[0].strip("`") for row in table("check | what is looked at")} >= set(BROKER_CHECKS)


def test_every_dated_fact_is_on_the_page_with_its_source() -> None:
    rules = [kit_of(broker).facts for broker in BrokerName]
    sources: set[str] = {
        *(fact.source for facts in rules for fact in facts.own_closes),
        *(fact.source for facts in rules for fact in facts.spread_levels),
        *(fact.source for fact in DEFAULT_FEES),
        PATTERN.source,
    }
    raised = {source for *_, source in table("fact | value | source")}

    assert {source for source in sources if "the fake exchange" not in source} <= raised
    for date in (REPLACED_FROM, REPLACED_BY_ALL):
        assert date.isoformat() in PAGE


def test_the_limits_are_those_that_are_kept() -> None:
    live = PacingLimits()
    rows = table("requests a minute | live | sandbox")

    assert [[int(live_), int(sandbox)] for _, live_, sandbox in rows] == [
        [live.standard, SANDBOX_LIMITS.standard],
        [live.market, SANDBOX_LIMITS.market],
        [live.trading, SANDBOX_LIMITS.trading],
    ]
