"""`gammacore COMMAND`: commands are imported when they are called, so that `--help` is quick."""

from __future__ import annotations

import importlib
import sys

import click
from click.shell_completion import CompletionItem

from gammacore.errors import (
    BrokerError,
    CheckFailed,
    ConfigurationError,
    CredentialRefused,
    GammacoreError,
    InvalidInput,
    LoopSilent,
    MarketDataError,
    StorageError,
    TradingHalted,
)

COMMANDS: dict[str, str] = {
    "trade": "Trade a day: simulated (default), recorded, or at a broker.",
    "backtest": "Trade many days, simulated or recorded, and judge what came of it.",
    "sweep": "Try many settings over the same days, and judge what the best is worth.",
    "hedge": "Delta-hedge: market events in, order intents out (ndjson).",
    "plan": "Judge the next entry: every filter and the order; nothing is sent.",
    "gex": "Measure dealer gamma exposure of a chain: by strike, flips, walls, pin.",
    "setup": "Show what the credit-spread desk would sell, and why.",
    "size": "Compute the number of contracts to trade.",
    "status": "Show positions, working orders, balance and halt state.",
    "journal": "List each trade and each skip, with its reason.",
    "dashboard": "Serve the page: the day, positions, filters, dealer gamma, journal.",
    "days": "List the days of every ledger: trades, net P/L, halts, alarms.",
    "report": "Show the figures of a ledger, or write them as a page with charts.",
    "stats": "Show what a record of closed trades is worth: warnings first, then figures and intervals.",
    "montecarlo": "Draw trades from a record and show what a sizing policy makes of them.",
    "reconcile": "Compare the ledger with the broker.",
    "flatten": "Close everything and latch the kill switch.",
    "halt": "Latch the kill switch: no entries; exits continue.",
    "resume": "Clear the kill switch.",
    "rehearse": "Rehearse a day: halt, resume, SIGKILL, an outage, flatten, backup; timed.",
    "checklist": "Show what of the month on paper is done, before real money.",
    "service": "Trade an account every day: starts, watches and ends its loop by the calendar.",
    "alerts": "Test the channels of alerts, list them, say that an alarm is known.",
    "arm": "Let the service trade the live account for some sessions, by today's settings.",
    "disarm": "End that.",
    "record": "Write the market's snapshots of a day to a recording.",
    "lookahead": "Check that nothing decided depends on what comes later.",
    "pins": "Study whether price goes to the pin: shares, correlation, sensitivity.",
    "compare": "Compare a live ledger with the replay of its days: settings, entries, trades, slippage.",
    "import": "Read a vendor's days once into a store to study.",
    "import-legacy": "Read old orders.json, account_balance.json and trades.csv.",
    "doctor": "Check credentials, broker, account, clock, market data, disk and ledger.",
    "new-strategy": "Write a strategy of your own to start from, with its test.",
    "config": "Check, show or write the configuration.",
    "ledger": "Verify, repair, back up, restore or excerpt a ledger.",
    "runs": "List old studies, and remove them.",
    "completion": "Print the lines that complete commands and options in a shell.",
}
"""Every command with its sentence; the module of the same name (with _ for -) holds it."""

MODULES = {"import": "import_days"}
"""Where a command's name cannot be a module's."""

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_HALTED, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


class Commands(click.Group):
    """Looks commands up by name and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = MODULES.get(cmd_name, cmd_name.replace("-", "_"))
        command = getattr(importlib.import_module(f"gammacore_cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names that begin so, without loading a command."""
        names = [CompletionItem(name, help=words) for name, words in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as wrong:
            raise click.UsageError(f"{wrong.option_name}: options stand after the command", ctx) from wrong

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from gammacore.configuration.settings import nearest

            raise click.UsageError(f"no command {args[0]!r}{nearest(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gammacore", prog_name="gammacore")
def gammacore() -> None:
    """Trade and study 0DTE index options. Paper is the default everywhere."""


def main() -> None:
    """Run a command; every failure is one sentence on stderr and an exit code (cli.md)."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of one command line."""
    from gammacore_cli.output import Written

    Written.document = False
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    try:
        ended = gammacore.main(arguments, prog_name="gammacore", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as wrong:
        wrong.show()
        return _failed(options, "usage", EXIT_USAGE, wrong.format_message())
    except (KeyboardInterrupt, click.Abort) as left:
        return _failed(
            options, "interrupted", EXIT_INTERRUPTED, _say("; ".join(filter(None, ("interrupted", str(left)))))
        )
    except GammacoreError as refusal:
        if "--debug" in options:
            raise
        return _failed(options, *_judged(refusal), _say(str(refusal)))
    except OSError as refusal:
        if "--debug" in options:
            raise
        place = refusal.filename or "a file"
        said = _say(f"{place}: cannot be read or written ({refusal.strerror or refusal}); give another path")
        return _failed(options, "file", EXIT_FAILED, said)
    except Exception as fault:
        if "--debug" in options:
            raise
        said = _say(
            f"a fault of gammacore, not of yours: {type(fault).__name__}: {fault}; run again with --debug and report it"
        )
        return _failed(options, "fault", EXIT_FAILED, said)
    return ended if isinstance(ended, int) else EXIT_DONE  # a command that says its own code, as `service` does


KINDS: tuple[tuple[type[GammacoreError], str, int], ...] = (
    (ConfigurationError, "configuration", EXIT_USAGE),
    (CredentialRefused, "credentials", EXIT_USAGE),
    (TradingHalted, "halted", EXIT_HALTED),
    (BrokerError, "broker", EXIT_FAILED),
    (MarketDataError, "market_data", EXIT_FAILED),
    (StorageError, "storage", EXIT_FAILED),
    (LoopSilent, "loop", EXIT_FAILED),
    (CheckFailed, "check", EXIT_FAILED),
    (InvalidInput, "input", EXIT_FAILED),
    (GammacoreError, "failed", EXIT_FAILED),
)
"""What a refusal is called in JSON, and its exit code; the first class that fits. Rules: cli.md, OP-004."""


def _judged(refusal: GammacoreError) -> tuple[str, int]:
    """Kind and exit code. A market that a refused token keeps shut is a matter of the token; an option, of usage."""
    if isinstance(refusal, InvalidInput) and refusal.field.startswith("--"):
        return "usage", EXIT_USAGE
    if isinstance(refusal.__cause__, CredentialRefused):
        refusal = refusal.__cause__
    return next((kind, code) for one, kind, code in KINDS if isinstance(refusal, one))


def _failed(options: list[str], kind: str, exit_code: int, message: str) -> int:
    """The exit code; with --json the failure also stands on stdout."""
    if "--json" in options and not (exit_code == EXIT_INTERRUPTED and _streams(options)):  # its ordinary end
        from gammacore_cli.output import emit_error
        from gammacore_cli.secrecy import kept_back

        emit_error(kind, exit_code, kept_back(" ".join(message.split())), as_line=_streams(options))
    return exit_code


def _streams(options: list[str]) -> bool:
    """Whether the command writes line after line: `hedge`, and `gex --every` without a range of times."""
    given = {one.partition("=")[0] for one in options}
    return options[:1] == ["hedge"] or (options[:1] == ["gex"] and "--every" in given and "--from" not in given)


def _say(sentence: str) -> str:
    """One line on stderr, without credentials; returns the sentence."""
    from gammacore_cli.secrecy import kept_back

    said = kept_back(" ".join(sentence.split()))
    click.echo(f"gammacore: {said}", err=True)
    return said


if __name__ == "__main__":
    main()
