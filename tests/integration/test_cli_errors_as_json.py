"""With --json a failure is a JSON document too, of every command and from the first parse on. cli.md, decision 0022."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders_cli import CommandLine, at_home, begun, on_a_trading_day
from gammacore_cli.main import COMMANDS, EXIT_DONE, EXIT_FAILED, EXIT_HALTED, EXIT_USAGE

ARGUMENTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "alerts": (("test",), ("list",), ("ack",)),
    "config": (("check",), ("show",), ("init",)),
    "ledger": (("verify",), ("repair",)),
}
"""The commands below a command."""


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def leaves() -> list[tuple[str, ...]]:
    return [(name, *below) for name in COMMANDS for below in ARGUMENTS.get(name, ((),))]


@pytest.mark.parametrize("command", leaves(), ids=" ".join)
def test_a_usage_error_of_any_command_is_an_error_object(command: tuple[str, ...], gammacore: CommandLine) -> None:
    answer = gammacore(*command, "--no-such-option", "--json")

    assert answer.code == EXIT_USAGE
    error = answer.document["error"]
    assert (error["kind"], error["exit_code"]) == ("usage", EXIT_USAGE)
    assert "--no-such-option" in error["message"]
    assert f"Error: {error['message']}" in answer.err  # the sentence stays on stderr
    assert gammacore(*command, "--no-such-option").out == ""


@pytest.mark.parametrize("command", [("nonsense",), ("trade", "extra"), ("setup",), ("size", "--balance", "x")])
def test_so_is_what_click_refuses_before_the_command_runs(command: tuple[str, ...], gammacore: CommandLine) -> None:
    answer = gammacore(*command, "--json")

    assert answer.code == EXIT_USAGE
    assert answer.document["error"]["kind"] == "usage"


@pytest.mark.parametrize(
    ("command", "code", "kind"),
    [
        (("trade", "--date", "2026-03-07"), EXIT_FAILED, "market_data"),
        (("trade", "--broker", "tradier"), EXIT_USAGE, "configuration"),
        (("plan", "--market", "csv:none.csv"), EXIT_FAILED, None),
        (("record", "day.recording", "--market", "moon"), EXIT_USAGE, "configuration"),
        (("gex", "none.csv"), EXIT_FAILED, None),
        (("setup", "--underlying", "FOO", "--pin", "1", "--price", "1", "--vix", "1"), EXIT_USAGE, "configuration"),
        (("size", "--balance", "1", "--history", "none.csv"), EXIT_FAILED, None),
        (("status", "--ledger", "none.sqlite"), EXIT_FAILED, "market_data"),
        (("journal", "--ledger", "none.sqlite"), EXIT_FAILED, "market_data"),
        (("report", "--ledger", "none.sqlite"), EXIT_FAILED, "market_data"),
        (("reconcile", "--ledger", "none.sqlite"), EXIT_FAILED, None),
        (("import-legacy", "nowhere"), EXIT_FAILED, None),
        (("config", "show", "--config", "none.toml"), EXIT_USAGE, "configuration"),
        (("ledger", "verify", "--ledger", "none.sqlite"), EXIT_FAILED, None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_refusal_is_an_error_object_with_the_exit_code(
    command: tuple[str, ...], code: int, kind: str | None, gammacore: CommandLine
) -> None:
    answer = gammacore(*command, "--json", "--quiet")

    error = answer.document["error"]
    assert answer.code == error["exit_code"] == code
    assert kind in (None, error["kind"])
    assert f"gammacore: {error['message']}\n" in answer.err
    assert gammacore(*command, "--quiet").out == ""


def test_a_document_that_tells_the_failure_itself_stays_the_only_one(gammacore: CommandLine) -> None:
    """One JSON document on stdout: a halted day and a failed check print theirs."""
    ledger = begun(Path("day.sqlite"))
    gammacore.document("halt", "--ledger", ledger)

    halted = gammacore("trade", *on_a_trading_day(), "--ledger", ledger, "--json", "--quiet")
    assert (halted.code, "error" in halted.document, "trades" in halted.document) == (EXIT_HALTED, False, True)

    ill = gammacore("doctor", "--broker", "tradier", "--json", "--quiet")
    assert (ill.code, ill.document["ok"]) == (EXIT_FAILED, False)


def test_a_stream_gets_its_error_as_a_last_line(gammacore: CommandLine) -> None:
    """`hedge` prints ndjson with and without --json; only with it does a host expect more than intents."""
    Path("events.ndjson").write_text("no json\n")

    failed = gammacore("hedge", "events.ndjson", "--json", "--quiet")
    assert failed.code == EXIT_FAILED
    *_, last = failed.out.splitlines()
    assert json.loads(last)["error"]["exit_code"] == EXIT_FAILED
    assert '"error"' not in gammacore("hedge", "events.ndjson", "--quiet").out


def test_no_credential_reaches_an_error_object(gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADIER_TOKEN", "sesame-sesame")

    answer = gammacore("status", "--ledger", "sesame-sesame", "--json", "--quiet")

    assert "sesame" not in answer.out + answer.err
    assert "***" in answer.document["error"]["message"]


def test_help_with_json_is_help(gammacore: CommandLine) -> None:
    answer = gammacore("hedge", "--help", "--json")

    assert answer.code == EXIT_DONE
    assert "stdout is ndjson anyway, one intent a line" in " ".join(answer.out.split())
    assert "One JSON document on stdout" in gammacore("status", "--help").out
