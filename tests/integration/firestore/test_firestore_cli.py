"""The commands against a running Firestore: the regime of `hedge`, `gex --publish`, a ledger named firestore:NAME."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from builders_cli import at_home
from builders_hedging import CALL, market
from firestore_server import FirestoreServer
from gammacore.adapters.firestore import Documents
from gammacore_cli.main import run

SPX_GEX = "market_regime/SPX_GEX"
ONE_STORE = "systemStatus/market_regime"
EVENT = market("15:00:00", CALL, event_id="one", delta=0.5, quantity=10, underlying_price=500)
THREE = dt.datetime(2025, 12, 30, 15, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: str) -> None:
    at_home(monkeypatch, tmp_path)
    monkeypatch.setenv("FIREBASE_PROJECT_ID", project)
    monkeypatch.setenv("GAMMACORE_FIRESTORE__CALL_SECONDS", "30")
    Path("events.ndjson").write_text(json.dumps(EVENT) + "\n", encoding="utf-8")


def metadata(capfd: Any, *arguments: str) -> dict[str, Any]:
    """The metadata of the one hedge of the sample event."""
    capfd.readouterr()
    assert run(["hedge", "events.ndjson", "--quiet", *arguments]) == 0
    [line] = capfd.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)["metadata"]
    return found


def regime(document: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(document[key] for key in ("gex_status", "gex_source", "gex_value", "hedging_threshold"))


def test_the_document_of_the_project_is_the_regime(documents: Documents, capfd: Any) -> None:
    """DH-402: FIREBASE_PROJECT_ID alone is enough."""
    assert regime(metadata(capfd)) == ("unknown", None, None, "0.15")

    documents.client.document(SPX_GEX).set({"gex_value": "-15000", "last_update": THREE, "symbol": "SPX"})

    assert regime(metadata(capfd)) == ("known", "firestore", "-15000", "0.10")


def test_another_shape_by_configuration_and_the_macro_event_with_it(documents: Documents, capfd: Any) -> None:
    """Section 4, document shapes; DH-450."""
    document = {
        "spy": {"net_gex": -2.5, "volatility_bias": "High"},
        "macro_event_detected": True,
        "macro_event_status": "High_Volatility",
        "macro_event_time": THREE,
        "last_updated": THREE,
    }
    documents.client.document(ONE_STORE).set(document)
    Path("gammacore.toml").write_text('[hedging]\ngex_shape = "market_regime"\n', encoding="utf-8")

    found = metadata(capfd)

    assert regime(found) == ("known", "firestore", "-2.5", "0.1250")
    assert (found["macro_event_active"], found["stop_loss_multiplier"]) == (True, "2.0")


def test_firestore_then_file_then_chain_then_fallback(
    documents: Documents, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DH-402, on the real things."""
    monkeypatch.setenv("GEX_VALUE", "-4")
    Path("regime.json").write_text('{"spy": {"net_gex": -2}}', encoding="utf-8")
    stored = documents.client.document(SPX_GEX)
    stored.set({"gex_value": -1, "last_update": THREE})
    chain, file = ("--market", "simulated"), ("--macro", "regime.json")

    assert regime(metadata(capfd, *chain, *file, "--gex", "0"))[1:3] == ("override", "0")
    assert regime(metadata(capfd, *chain, *file))[1:3] == ("firestore", "-1")
    stored.delete()
    assert regime(metadata(capfd, *chain, *file))[1:3] == ("file", "-2")
    assert metadata(capfd, *chain)["gex_source"] == "chain"
    assert regime(metadata(capfd))[1:3] == ("fallback", "-4")


def test_a_store_that_does_not_answer_is_unknown_within_two_seconds(
    own_server: FirestoreServer, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DH-404: the filter goes on."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", own_server.address)
    own_server.freeze()

    began = time.monotonic()
    found = metadata(capfd)

    assert regime(found) == ("unknown", None, None, "0.15")
    assert time.monotonic() - began < 10


# -- the publisher -------------------------------------------------------------------------------------------------


def published(capfd: Any, *arguments: str) -> dict[str, Any]:
    capfd.readouterr()
    assert run(["gex", "--publish", "--json", "--quiet", *arguments]) == 0
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


def test_an_exposure_is_published_and_hedged_by(documents: Documents, capfd: Any) -> None:
    """DH-421: the whole pipeline, from a chain to the metadata of a hedge."""
    day = (
        "--market",
        "simulated",
        "--date",
        "2025-12-30",
        "--scope",
        "0dte",
        "--unit",
        "per-point",
        "--as-of",
        "10:00",
    )

    answer = published(capfd, *day)

    assert answer["published"] == {"document": SPX_GEX, "written": True, "reason": None}
    document = documents.get(SPX_GEX)
    assert document is not None
    stored = {name: document.fields[name] for name in ("symbol", "source", "unit", "sign", "scope", "spot")}
    assert stored == {
        "symbol": "SPX", "source": "gammacore", "unit": "per-point", "sign": "naive", "scope": "0dte",
        "spot": answer["spot"],
    }  # fmt: skip
    assert document.fields["last_update"] == THREE
    assert document.fields["gex_value"] == pytest.approx(answer["net"], abs=0.005)
    assert document.fields["contracts_used"] == answer["contracts"]["used"]
    found = metadata(capfd)
    assert (found["gex_status"], found["gex_source"], found["gex_unit"]) == ("known", "firestore", "per-point")
    assert float(found["gex_value"]) == document.fields["gex_value"]


def test_what_is_not_newer_is_not_written(documents: Documents, capfd: Any) -> None:
    """DH-421: an answer all the same, exit 0, with the reason."""
    day = ("--market", "simulated", "--as-of")
    published(capfd, *day, "11:00")
    stands = documents.get(SPX_GEX)

    assert published(capfd, *day, "10:00")["published"] == {
        "document": SPX_GEX, "written": False, "reason": "not_newer",
    }  # fmt: skip
    assert documents.get(SPX_GEX) == stands
    assert published(capfd, *day, "11:01")["published"]["written"]


@pytest.mark.parametrize(
    ("arguments", "file", "message"),
    [
        (("--sign", "inverted"), "", "readers expect the naive sign model"),
        ((), '[hedging]\ngex_shape = "sync"\n', "sync is written by others"),
    ],
)
def test_what_readers_would_misunderstand_is_refused(
    arguments: tuple[str, ...], file: str, message: str, documents: Documents, capfd: Any
) -> None:
    Path("gammacore.toml").write_text(file, encoding="utf-8")

    assert run(["gex", "--market", "simulated", "--publish", *arguments]) == 2
    assert message in capfd.readouterr().err
    assert documents.get(SPX_GEX) is None


def test_without_a_project_nothing_is_published(capfd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIREBASE_PROJECT_ID")
    assert run(["gex", "--market", "simulated", "--publish"]) == 2
    assert "set FIREBASE_PROJECT_ID" in capfd.readouterr().err


# -- a ledger of the filter ----------------------------------------------------------------------------------------

LEDGER = ("--ledger", "firestore:hedges")
SHORT_LEASE = {"GAMMACORE_FIRESTORE__LEASE_SECONDS": "2", "GAMMACORE_FIRESTORE__RENEW_AFTER_SECONDS": "0.5"}


def test_the_filter_takes_up_its_ledger_in_firestore(documents: Documents, capfd: Any) -> None:
    """DH-711: a finished input run again writes nothing."""
    metadata(capfd, *LEDGER)
    assert documents.get("gammacore_ledgers/hedges") is not None

    assert run(["hedge", "events.ndjson", "--quiet", *LEDGER]) == 0
    assert capfd.readouterr().out == ""


def test_another_collection_by_configuration(documents: Documents, capfd: Any) -> None:
    Path("gammacore.toml").write_text('[firestore]\ncollection = "desk"\n', encoding="utf-8")
    metadata(capfd, *LEDGER)

    assert documents.get("desk/hedges") is not None
    assert documents.get("gammacore_ledgers/hedges") is None


@pytest.mark.usefixtures("documents")
def test_a_second_filter_is_refused_and_a_killed_one_replaced_after_its_lease() -> None:
    """R12: the refusal names who holds it; a writer that was SIGKILLed holds it until its lease runs out."""
    command = [sys.executable, "-m", "gammacore_cli.main", "hedge", *LEDGER]
    environment = {**os.environ, **SHORT_LEASE}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as first:
        assert first.stdin is not None
        assert first.stdout is not None
        first.stdin.write(json.dumps(EVENT).encode() + b"\n")
        first.stdin.flush()
        intent = first.stdout.readline()
        time.sleep(2.5)  # longer than a lease: it is the heartbeat that keeps it
        second = subprocess.run(
            [*command, "events.ndjson"], capture_output=True, text=True, env=environment, check=False
        )
        assert second.returncode == 1
        assert f"process {first.pid} is writing to it" in second.stderr
        first.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        again = subprocess.run(
            [*command, "events.ndjson"], capture_output=True, text=True, env=environment, check=False
        )
        if again.returncode == 0:
            break
        assert "is writing to it" in again.stderr
    assert again.returncode == 0
    lines = again.stdout.splitlines()
    assert lines in ([], [intent.decode().strip()])  # written again under the same id, or known to be written


@pytest.mark.parametrize("name", ["firestore:", "firestore:a/b", "firestore:.."])
def test_a_name_no_ledger_can_have_is_a_wrong_option(name: str, capfd: Any) -> None:
    assert run(["status", "--ledger", name]) == 2
    assert "give a name of letters" in capfd.readouterr().err


@pytest.mark.usefixtures("documents")
def test_a_ledger_that_is_not_there_is_named(capfd: Any) -> None:
    assert run(["status", "--ledger", "firestore:nothing"]) == 1
    assert "firestore:nothing: no such ledger" in capfd.readouterr().err
    assert run(["halt", "--ledger", "firestore:nothing"]) == 1
    assert "firestore:nothing: no such ledger" in capfd.readouterr().err


def test_a_firestore_ledger_without_a_project_is_a_matter_of_configuration(
    capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FIREBASE_PROJECT_ID")
    assert run(["status", "--ledger", "firestore:paper"]) == 2
    assert "set FIREBASE_PROJECT_ID" in capfd.readouterr().err
