"""The table of a contract: which case every adapter keeps, from a run of the suites that inherit it. Rule: R13.

    python tests/contract_table.py           prints both tables
    python tests/contract_table.py --write   puts them into docs/brokers.md

The exit code is that of the run: a table with a failure in it is printed and not written.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from attrs import frozen

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "brokers.md"
BEGIN, END = "<!-- contracts -->", "<!-- /contracts -->"
COMMAND = "python tests/contract_table.py --write"

PASSED, FAILED, SKIPPED, NOT_PROMISED = "pass", "FAIL", "skipped", "–"


@frozen
class Contract:
    """A suite by its name, and who inherits it: the column's head by the name of the test class."""

    name: str
    adapters: Mapping[str, str]


CONTRACTS = (
    Contract(
        "broker",
        {
            "TestFakeExchange": "fake",
            "TestFakeExchangeWithBookFile": "fake with book",
            "TestTradierBroker": "Tradier",
            "TestAlpacaBroker": "Alpaca",
        },
    ),
    Contract(
        "market data",
        {
            "TestSimulatedMarket": "simulated",
            "TestRecordedSimulatedMarket": "recorded",
            "TestVendorTable": "vendor table",
            "TestTradierMarket": "Tradier",
            "TestAlpacaMarket": "Alpaca",
        },
    ),
)
SUITES = (
    "test_broker_contract.py",
    "test_served_broker_contract.py",
    "test_market_data_contract.py",
    "test_tradier_market_contract.py",
    "test_alpaca_market_contract.py",
)

Outcomes = dict[tuple[str, str], list[str]]
"""What became of a test of a class: one outcome for each of its parameters."""


def run() -> tuple[int, Outcomes]:
    """Run the suites; the exit code and every outcome."""
    names = " or ".join(name for contract in CONTRACTS for name in contract.adapters)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        suites = [str(ROOT / "tests" / "integration" / suite) for suite in SUITES]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", names]
        ended = subprocess.run([*command, f"--junitxml={report}", *suites], cwd=ROOT, stdout=sys.stderr, check=False)
        return ended.returncode, read_outcomes(report.read_text(encoding="utf-8"))


def read_outcomes(report: str) -> Outcomes:
    """The outcomes of a JUnit report, in the order they were run."""
    outcomes: Outcomes = {}
    for case in ElementTree.fromstring(report).iter("testcase"):
        holder = case.get("classname", "").rpartition(".")[2]
        name = case.get("name", "").partition("[")[0]
        outcomes.setdefault((holder, name), []).append(_outcome(case))
    return outcomes


def _outcome(case: ElementTree.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return FAILED
    return PASSED if case.find("skipped") is None else SKIPPED


def table(contract: Contract, outcomes: Outcomes) -> Iterator[str]:
    """The lines of one contract's table; a case an adapter does not inherit is a dash."""
    yield f"| {contract.name} | {' | '.join(contract.adapters.values())} |"
    yield "|---" * (len(contract.adapters) + 1) + "|"
    cases = dict.fromkeys(name for holder, name in outcomes if holder in contract.adapters)
    for name in cases:
        cells = (_cell(outcomes.get((holder, name), [])) for holder in contract.adapters)
        yield f"| {in_words(name)} | {' | '.join(cells)} |"


def _cell(outcomes: list[str]) -> str:
    if not outcomes:
        return NOT_PROMISED
    worst = next((each for each in (FAILED, SKIPPED) if each in outcomes), PASSED)
    return worst if len(outcomes) == 1 else f"{worst} ×{len(outcomes)}"


def in_words(name: str) -> str:
    """What a test promises.

    >>> in_words("test_a_receipt_is_not_a_fill")
    'a receipt is not a fill'
    """
    return name.removeprefix("test_").replace("_", " ")


def section(outcomes: Outcomes) -> str:
    """Both tables as they stand in the page, between the marks."""
    tables = "\n\n".join("\n".join(table(contract, outcomes)) for contract in CONTRACTS)
    return f"{BEGIN}\n{tables}\n{END}"


def written(page: str, outcomes: Outcomes) -> str:
    """The page with its tables replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + section(outcomes) + after


def main() -> int:
    code, outcomes = run()
    sys.stdout.write(section(outcomes) + "\n")
    if code == 0 and "--write" in sys.argv:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), outcomes), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
