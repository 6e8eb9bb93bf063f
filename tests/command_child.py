"""`gammacore` commands, each in a process of its own, whose brokers' hosts are a closed port: no broker is reachable.

Reads one JSON line a command (arguments, folder, env, out, err), forks with everything already imported, runs it with
its output in the files `out` and `err`, and answers with a line that holds its exit code.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from click import Context

from gammacore import wiring
from gammacore.adapters.tradier import client, market
from gammacore.adapters.tradier.client import TradierHosts
from gammacore_cli.main import COMMANDS, gammacore, run

for name in wiring.__all__:
    getattr(wiring, name)  # every adapter is imported before the first fork
NO_LIVE = TradierHosts("http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1", "ws://127.0.0.1:9/v1")
NO_SANDBOX = TradierHosts(
    "http://127.0.0.1:11/v1", "http://127.0.0.1:11/v1", "ws://127.0.0.1:11/v1"
)  # a port of its own


def in_a_child(asked: dict[str, Any]) -> int:
    """The exit code of one command in a forked process."""
    if (pid := os.fork()) != 0:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["folder"])
    code = 70
    try:
        code = run(asked["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def main() -> None:
    for module, name, hosts in (
        (client, "LIVE", NO_LIVE),
        (client, "SANDBOX", NO_SANDBOX),
        (market, "SANDBOX", NO_SANDBOX),
    ):
        setattr(module, name, hosts)
    for command in COMMANDS:
        gammacore.get_command(Context(gammacore), command)
    for line in sys.stdin:
        sys.stdout.write(f"{in_a_child(json.loads(line))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
