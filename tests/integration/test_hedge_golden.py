"""Every row of the golden file: three profiles under every regime, through the filter. Rules: DH-902..905."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from builders_hedging import CALENDAR
from gammacore.adapters.ndjson.inputs import read_inputs
from gammacore.adapters.ndjson.lines import file_lines
from gammacore.domain.hedging.settings import hedging_profile
from gammacore.wiring.hedging import wire_hedging
from gammacore_cli.main import run

PROFILES = {"seed_v1": "source", "shares_v2": "shares_v2", "recommended": "standard"}
GEX = {"gex_unset": None, "gex_pos_10000": "10000.0", "gex_zero": "0", "gex_neg_15000": "-15000.0"}
MACRO = {
    "macro_event_pos": ("9000.00", "Volatility_Event", 1.5, 0.75),
    "macro_high_neg": ("-15000.00", "High_Volatility", 2.0, 0.5),
    "macro_extreme_neg": ("-15000.00", "Extreme_Volatility", 2.5, 0.25),
}
ROWS = [
    *(f"{profile}/{regime}" for profile in PROFILES for regime in (*GEX, *MACRO)),
    *(f"{profile}/{regime}/full_hedge" for profile in PROFILES for regime in MACRO),
]
CLOSE = (
    '{"protocol":"v1","type":"market_event","event_id":"evt_close","ts":"2025-12-30T20:45:00Z","symbol":"SPY",'
    '"source":"alpaca","payload":{"price":498.25}}\n'
)


def arguments(row: str, folder: Path) -> list[str]:
    """The command line of a row."""
    profile, regime, *full = row.split("/")
    options = ["--profile", PROFILES[profile], "--assume-fills", "--session-gate", "off"]
    if regime in GEX:
        return options if (gex := GEX[regime]) is None else [*options, "--gex", gex]
    gex, status, stop, size = MACRO[regime]
    document = {
        "macro_event_detected": True, "macro_event_status": status, "stop_loss_multiplier": stop,
        "position_size_multiplier": str(size), "spy": {"net_gex": gex},
    }  # fmt: skip
    (folder / "macro.json").write_text(json.dumps(document), encoding="utf-8")
    return [*options, "--macro", str(folder / "macro.json"), "--scale-hedges", "off" if full else "on"]


def figures(intent: dict[str, Any]) -> dict[str, Any]:
    """What the golden file says of an intent, with numbers as Decimals."""
    metadata = intent.get("metadata", intent)
    wanted = ("net_delta_before", "net_shares_before", "hedging_threshold", "underlying_price", "stop_loss_price")
    numbers = {name: Decimal(metadata[name]) for name in wanted if name in metadata}
    kind = intent.get("kind") or metadata["reason"]
    return {
        "symbol": intent["symbol"], "side": intent["side"], "qty": Decimal(str(intent["qty"])), "kind": kind,
        "client_tag": intent["client_tag"], **numbers,
    }  # fmt: skip


def wanted_rows(shared_data: Path, row: str) -> list[dict[str, Any]]:
    golden = json.loads((shared_data / "delta_hedging" / "golden_events_ndjson.json").read_text(encoding="utf-8"))
    return [{"event_id": e["event_id"], **figures(i)} for e in golden["vectors"][row] for i in e["intents"]]


def compared(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    """Every figure the golden file has; it leaves out net_delta_before for `recommended`."""
    shown = [{"event_id": intent["event_id"], **figures(intent)} for intent in found]
    assert [{k: v for k, v in row.items() if k in like} for row, like in zip(shown, wanted, strict=True)] == wanted


def test_the_golden_file_has_these_rows_and_no_others(shared_data: Path) -> None:
    golden = json.loads((shared_data / "delta_hedging" / "golden_events_ndjson.json").read_text(encoding="utf-8"))

    assert set(golden["vectors"]) == set(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_the_filter_emits_what_the_golden_file_says(shared_data: Path, tmp_path: Path, row: str, capfd: Any) -> None:
    """DH-903: through the command itself."""
    events = tmp_path / "events.ndjson"
    events.write_text((shared_data / "delta_hedging" / "events.ndjson").read_text(encoding="utf-8") + CLOSE)

    assert run(["hedge", str(events), *arguments(row, tmp_path)]) == 0

    out, err = capfd.readouterr()
    compared([json.loads(line) for line in out.splitlines()], wanted_rows(shared_data, row))
    assert all(json.loads(line)["type"] == "log" for line in err.splitlines())


def test_with_the_gate_on_only_state_is_kept_before_the_open(shared_data: Path) -> None:
    """DH-902: evt_006, the first event of the session, sells 1,250."""
    lines: list[str] = []
    wired = wire_hedging(
        hedging_profile("standard"), write=lines.append, log=lambda _: None, calendar=CALENDAR, assume_fills=True
    )
    with (shared_data / "delta_hedging" / "events.ndjson").open("rb") as events:
        wired.stream.run(read_inputs(file_lines(events)))

    first, *rest = [json.loads(line) for line in lines]
    assert (first["event_id"], first["side"], first["qty"]) == ("evt_006", "sell", 1250)
    assert [(intent["event_id"], intent["side"], intent["qty"]) for intent in rest] == [
        ("evt_007", "sell", 50),
        ("evt_008", "sell", 50),
    ]
