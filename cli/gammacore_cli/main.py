"""`gammacore COMMAND`: commands are imported when they are called, so that `--help` is quick."""

from __future__ import annotations

import importlib
import sys

import click

from gammacore.errors import ConfigurationError, GammacoreError, TradingHalted

COMMANDS: dict[str, str] = {
    "trade": "Trade a day: simulated by default, or recorded.",
    "hedge": "Delta-hedge: market events in, order intents out (ndjson).",
    "plan": "What would be done right now: every filter, the order, no order sent.",
    "gex": "Dealer gamma exposure of a chain: by strike, flips, walls, pin.",
    "setup": "What the credit-spread desk would sell, and why.",
    "size": "How many contracts to trade.",
    "status": "Where we stand: positions, orders, balance, halt.",
    "journal": "Each trade and each skip, with its reason.",
    "report": "Figures and pictures of a ledger.",
    "reconcile": "Compare the ledger with the broker.",
    "flatten": "Close everything and latch the kill switch.",
    "halt": "Latch the kill switch: no entries, exits go on.",
    "resume": "Clear the kill switch.",
    "record": "Write the market's snapshots of a day to a recording.",
    "import-legacy": "Read old orders.json, account_balance.json and trades.csv.",
    "doctor": "Check credentials, broker, account, clock, market data, disk and ledger.",
    "config": "Check, show or write the configuration.",
    "ledger": "Verify or repair a ledger file.",
}
"""Every command with its sentence; the module of the same name (with _ for -) holds it."""

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_HALTED, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


class Commands(click.Group):
    """Looks commands up by name and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command = getattr(importlib.import_module(f"gammacore_cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

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
    debug = "--debug" in arguments
    try:
        gammacore.main(arguments, prog_name="gammacore", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as wrong:
        wrong.show()
        return EXIT_USAGE
    except (KeyboardInterrupt, click.Abort) as left:
        _say("; ".join(filter(None, ("interrupted", str(left)))))
        return EXIT_INTERRUPTED
    except GammacoreError as refusal:
        if debug:
            raise
        _say(str(refusal))
        return _code(refusal)
    except OSError as refusal:
        if debug:
            raise
        _say(f"{refusal.filename or 'a file'}: cannot be read or written ({refusal.strerror}); give another path")
        return EXIT_FAILED
    except Exception as fault:
        if debug:
            raise
        _say(
            f"a fault of gammacore, not of yours: {type(fault).__name__}: {fault}; run again with --debug and report it"
        )
        return EXIT_FAILED
    return EXIT_DONE


def _code(refusal: GammacoreError) -> int:
    if isinstance(refusal, ConfigurationError):
        return EXIT_USAGE
    return EXIT_HALTED if isinstance(refusal, TradingHalted) else EXIT_FAILED


def _say(sentence: str) -> None:
    from gammacore_cli.secrecy import kept_back

    click.echo(f"gammacore: {kept_back(' '.join(sentence.split()))}", err=True)


if __name__ == "__main__":
    main()
