"""The reference pages of the docs site, written from the code, and the pages that repeat a file of the root.

    python tests/docs_pages.py            writes them
    python tests/docs_pages.py --check    exits 1 when a page is not what the code says, a reason code has
                                         no cause, or tag, metadata and changelog disagree

What a reason code means and what helps is written by hand in docs/reasons.toml. Rules: OP-901, OP-904.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SOURCES = ROOT / "src" / "gammacore"
WRITTEN = "Written by `python tests/docs_pages.py` from the code; `make check` refuses a page that is out of date."
Codes = dict[str, dict[str, tuple[str, str]]]


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """A table in Markdown; what would end a cell is escaped."""
    head = list(head)
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]


def page(title: str, *parts: str | Iterable[str]) -> str:
    lines = [f"# {title}", "", WRITTEN, ""]
    for part in parts:
        lines += [part, ""] if isinstance(part, str) else [*part, ""]
    return "\n".join(lines).rstrip() + "\n"


# -- commands, settings, JSON, exit codes ------------------------------------------------------------------------------


def commands() -> str:
    from gammacore_cli.main import COMMANDS, gammacore

    parts: list[str | list[str]] = ["Every command also takes `--help`."]
    root = click.Context(gammacore, info_name="gammacore")
    for name in COMMANDS:
        command = gammacore.get_command(root, name)
        assert command is not None
        parts += _command(command, click.Context(command, info_name=name, parent=root), "##")
    return page("Commands", *parts)


def _command(command: click.Command, context: click.Context, depth: str) -> Iterator[str | list[str]]:
    yield f"{depth} {context.command_path}"
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield inspect.cleandoc(command.help or "").replace("\b\n", "")
    yield ["```text", " ".join(usage.split()), "```"]
    records = [one.get_help_record(context) for one in command.get_params(context) if isinstance(one, click.Option)]
    rows = [(f"`{one[0]}`", " ".join(one[1].split())) for one in records if one is not None and "--help" not in one[0]]
    if rows:
        yield table(("option", "what"), rows)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _command(below, click.Context(below, info_name=name, parent=context), f"{depth}#")


def settings() -> str:
    """Read out of the commented sample, which has every key."""
    from gammacore.configuration.sample import sample_toml

    parts: list[str | list[str]] = [
        "Options win over the environment, that over `.env`, that over `gammacore.toml`. A setting's variable is its "
        "key in capitals with two underscores for each dot: `GAMMACORE_STOPS__PRESET`. `gammacore config init` writes "
        "this as a file.",
        "## The program",
    ]
    rows: list[tuple[str, str, str]] = []
    section = sentence = ""
    for line in sample_toml().splitlines():
        if found := re.fullmatch(r"\[([\w.]+)\]", line):
            if rows:
                parts.append(table(("key", "default", "what"), rows))
            section, rows = found[1], []
            parts += [f"## {section}", sentence]
        elif found := re.fullmatch(r"# ([\w.]+) = (.*?)(?:    # (.*))?", line):
            key = f"{section}.{found[1]}" if section else found[1]
            rows.append((f"`{key}`", f"`{found[2]}`", found[3] or ""))
        elif line.startswith("# Any other underlying"):
            break
        elif line.startswith("# "):
            sentence = line[2:]
    return page("Settings", *parts, table(("key", "default", "what"), rows))


def documents() -> str:
    """The keys of every frozen document: what programs may rely on."""
    parts: list[str | list[str]] = [
        'With `--json` a command prints one document; a failure is `{"error": {"kind", "exit_code", "message"}}`. '
        "`[]` stands for the entries of a list. A key is never renamed without a note in the changelog.",
    ]
    found: dict[str, dict[str, set[str]]] = {}
    for path in sorted((ROOT / "tests" / "fixtures" / "json").glob("*.json")):
        frozen = json.loads(path.read_text(encoding="utf-8"))
        for command, document in frozen.items() if isinstance(frozen, dict) else ():
            _keys(document, "", found.setdefault(command, {}))
    for command, keys in sorted(found.items()):
        if keys:
            rows = [(f"`{key}`", ", ".join(sorted(kinds))) for key, kinds in keys.items()]
            parts += [f"## {command}", table(("key", "type"), rows)]
    return page("JSON", *parts)


KINDS = {bool: "true or false", int: "number", float: "number", str: "text", type(None): "null"}
MANY = re.compile(r"[A-Z]{2,}|\d|[ :/]")
"""A key that is data (a date, a symbol, a name of several words), not the name of something."""


def _keys(value: Any, path: str, found: dict[str, set[str]]) -> None:
    if isinstance(value, Mapping):
        for key, below in value.items():
            name = "NAME" if MANY.search(key) else key
            _keys(below, f"{path}.{name}" if path else name, found)
    elif isinstance(value, list):
        if not value:
            found.setdefault(f"{path}[]", set())
        for below in value:
            _keys(below, f"{path}[]", found)
    elif path:
        found.setdefault(path, set()).add(KINDS[type(value)])


EXITS = {
    "EXIT_DONE": (
        "It was done. No trade, and a day without a session, is an answer too.",
        "start it for the next session",
    ),
    "EXIT_FAILED": ("It could not be done; the sentence on stderr says why.", "try again, later each time"),
    "EXIT_USAGE": ("Usage, configuration or refused credentials.", "wait for a person: it would fail again"),
    "EXIT_HALTED": ("Trading is halted.", "wait for the next session"),
    "EXIT_INTERRUPTED": ("Ctrl-C or SIGTERM; the day goes on where it was left.", "start it again"),
}


def exit_codes() -> str:
    from gammacore_cli import main

    rows = [(f"`{getattr(main, name)}`", *words) for name, words in EXITS.items()]
    kinds = [(f"`{kind}`", f"`{one.__name__}`", f"`{code}`") for one, kind, code in main.KINDS]
    return page(
        "Exit codes",
        table(("code", "what it says", "a service manager should"), rows),
        "With `--json` the kind of a failure stands in `error.kind`; the first class that fits names it.",
        table(("kind", "class", "code"), kinds),
        "What `gammacore service` does with a loop that ends stands in [the service](../service.md).",
    )


# -- reason codes ------------------------------------------------------------------------------------------------------

CODE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def codes_in_the_code() -> dict[str, list[str]]:
    """Every code a verdict, an alarm or a judged answer is made with, and the modules that make it."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCES.rglob("*.py"))}
    named = {
        target.id: node.value.value
        for tree in trees.values()
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }
    found: dict[str, list[str]] = {}
    for path, tree in trees.items():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            for code in _codes_of(call, named):
                modules = found.setdefault(code, [])
                if (module := path.relative_to(SOURCES).as_posix()) not in modules:
                    modules.append(module)
    return dict(sorted(found.items()))


def _codes_of(call: ast.Call, named: Mapping[str, str]) -> Iterator[str]:
    if isinstance(call.func, ast.Attribute):
        name, of = call.func.attr, call.func.value
        if name in ("skip", "unknown") and isinstance(of, ast.Name) and of.id == "Verdict" and call.args:
            yield from _texts(call.args[0], named)
    elif isinstance(call.func, ast.Name):
        name = call.func.id
    else:
        return
    if name in ("AlarmRaised", "_alarm"):
        yield from (code for one in call.args[:2] for code in _texts(one, named) if CODE.fullmatch(code))


def _texts(node: ast.expr, named: Mapping[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, named)
        yield from _texts(node.orelse, named)
    elif isinstance(node, ast.Name) and node.id in named:
        yield named[node.id]


def explained() -> Codes:
    """Cause and fix of each code, by the room they stand in."""
    written = tomllib.loads((DOCS / "reasons.toml").read_text(encoding="utf-8"))
    return {room: {code: (words[0], words[1]) for code, words in codes.items()} for room, codes in written.items()}


UNKNOWN = "_unknown"


def without_cause(codes: Mapping[str, object], said: Codes) -> tuple[list[str], list[str]]:
    """Codes of the code that nobody explains, and explained ones that the code does not have."""
    known = {code for room in said.values() for code in room}
    missing = [code for code in codes if code not in known and code.removesuffix(UNKNOWN) not in known]
    return missing, sorted(known - codes.keys())


ROOMS = {
    "entry": "Why nothing was entered",
    "alarm": "Alarms",
    "broker": "A broker's answer that was not believed",
    "publishing": "Publishing and tables",
}


def reason_codes() -> str:
    found, said = codes_in_the_code(), explained()
    parts: list[str | list[str]] = [
        'Every "no" is a value with a code. It stands in `gammacore journal`, in `gammacore plan`, on the page, in '
        "alerts and in JSON. A code that ends in `_unknown` says that the figure of the rule is not known: give the "
        'data, or the rule stays closed. "None" means that nothing is wrong: the rule did what it is for.',
    ]
    for room, title in ROOMS.items():
        rows = [(f"`{code}`", *words, f"`{found.get(code, ['–'])[0]}`") for code, words in said[room].items()]
        parts += [f"## {title}", table(("code", "cause", "fix", "module"), rows)]
    return page("Reason codes", *parts)


# -- alerts, HTTP, metrics, files, library -----------------------------------------------------------------------------


def alerts() -> str:
    from gammacore.domain.reports import notices

    said = explained()["alarm"]
    rows = [(f"`{code}`", "urgent" if code in notices.URGENT else "warning", *words) for code, words in said.items()]
    return page(
        "Alerts",
        "An alert is a line of the log that is also delivered to the channels under `alerts`. Entries, exits, the "
        "summary of a day, a halt, its end and every alarm are alerts; steps in between are log lines only. Figures "
        "that would give a strategy away stay in the log.",
        "## Alarms",
        table(("code", "level", "cause", "fix"), rows),
        "The keys of `alerts` stand in [the settings](settings.md); what the service raises in "
        "[the service](../service.md).",
    )


DOCUMENTS = {
    "/api/performance": "Figures of the record: trades, wins, net, drawdown, by period.",
    "/api/performance/yearly": "The record by year and month.",
    "/api/metrics": "Cache, pool and loop figures; what the house does not have is null.",
    "/api/trades": "The newest trades: `?limit=20`, 1 to 500.",
    "/api/status": "Mode, balance, halt and the loop that runs.",
    "/api/day": "One day: its figures, trades, checks, alarms and halts; `?date=`.",
    "/api/filters": "Every filter with its verdict and number, now and at the last slot.",
    "/api/journal": "Every trade and every check with its reason, newest first.",
}
"""What a document is whose function does not say it."""


def http_api() -> str:
    from gammacore.adapters.dashboard import api, pages
    from gammacore.ports.storage import RequestKind

    rows = [(f"`GET {path}`", inspect.getdoc(build) or DOCUMENTS[path]) for path, build in api.ROUTES.items()]
    rows += [
        ("`GET /api/system`", "The process of the page: streams, memory, versions, disk."),
        ("`GET /health`", "Whether the page answers."),
        ("`GET /events`", "Server-sent events: one stream a browser."),
        ("`GET /metrics`", "HTML, or the Prometheus text by `Accept`: see [metrics](metrics.md)."),
        ("`GET /journal.csv`", "The journal as a table."),
    ]
    controls = [
        f"`POST /controls/{kind.value}`" for kind in (RequestKind.HALT, RequestKind.RESUME, RequestKind.FLATTEN)
    ]
    return page(
        "HTTP API",
        "`gammacore dashboard` serves it on 127.0.0.1:10000; every document is JSON, times are New York's with offset.",
        "## Documents",
        table(("request", "what"), rows),
        "## Pages",
        ", ".join(f"`{path}`" for path in pages.PATHS),
        "## Controls",
        f"{', '.join(controls)}: with a token only, see "
        "[the page](../dashboard.md#halt-resume-and-flatten-from-the-page).",
    )


METRIC = re.compile(r'"(\w+)": \(\s*"([^"]+)"|CounterMetricFamily\("gammacore_(\w+)", "([^"]+)"')


def metrics() -> str:
    text = (SOURCES / "adapters" / "dashboard" / "metrics.py").read_text(encoding="utf-8")
    rows = [
        (f"`gammacore_{gauge or f'{counter}_total'}`", "gauge" if gauge else "counter", words or more)
        for gauge, words, counter, more in METRIC.findall(text)
    ]
    return page(
        "Metrics",
        "`GET /metrics` of the page with `Accept: text/plain`, in the Prometheus format, each with the label `mode`.",
        table(("name", "kind", "what"), rows),
        "`gammacore hedge` writes its own: see [the delta-hedging desk](../delta-hedging.md).",
    )


FILES = {
    "paper/ID.sqlite": "the ledger of the paper account",
    "live/ID.sqlite": "the ledger of the live account",
    "runs/": "a ledger a simulated or replayed day, and the folders of studies",
    "backups/": "what the service backs up after each day's end",
    "rehearsals/": "the result of each rehearsal",
    "HALT": "while it stands, everything under this home is closed and halted",
}
BESIDE = {
    ".lock": "held by the one process that writes the ledger",
    ".reached": "how far the ledger has come",
    "-wal, -shm": "SQLite's own, while a writer is at work",
    ".inbox": "requests of other processes: halt, resume, flatten",
    ".exchange.json": "a study's exchange",
    ".markets.json": "on which market each day was traded, for its charts",
    ".view/now.json": "what the loop published last",
    ".view/DATE.ndjson.gz": "the course of a day, a line a minute and at each fill",
    ".HALT": "while it stands, this ledger's account is closed and halted",
    ".repaired, .damaged-1": "a repair that was interrupted, and what a repair replaced",
}


def files() -> str:
    return page(
        "Files in the home",
        "The home is `$GAMMACORE_HOME`, `./.gammacore` by default. Folders are made 0700, files 0600.",
        table(("path", "what"), [(f"`{path}`", what) for path, what in FILES.items()]),
        "## Beside a ledger",
        table(("ending", "what"), [(f"`{ending}`", what) for ending, what in BESIDE.items()]),
        "A backup is the ledger with all of these but the lock: [keeping ledgers](../keeping.md).",
    )


def library() -> str:
    import gammacore

    places = {name: f"gammacore.{home}.{name}" for name, home in gammacore._HOMES.items()}
    rows = []
    for name in gammacore.__all__:
        words = inspect.getdoc(getattr(gammacore, name)) if name not in ("__version__", "REGISTRY") else SAID[name]
        rows.append((f"`{name}`", (words or "").split("\n\n")[0].replace("\n", " ")))
    parts: list[str] = []
    for name in gammacore.__all__:
        if name not in SAID:
            parts += [f"::: {places[name]}"]
    return page(
        "The library",
        "These names are public; everything else may change without a note. `import gammacore` loads none of them: "
        "each is imported when it is first used. [The library at a prompt](../library.md) shows them at work.",
        table(("name", "what"), rows),
        *parts,
    )


SAID = {
    "__version__": "The version, as text.",
    "REGISTRY": "The built-in underlyings by symbol: SPX, NDX, XSP, RUT, SPY, QQQ, IWM.",
}


# -- files of the root -------------------------------------------------------------------------------------------------

LINK = re.compile(r"\[((?:[^\]\\]|\\.)+)\]\((?!https?:|#)([^)]+)\)")


def from_root(text: str) -> str:
    """A text of the root as a page: links into docs stay links, those to other files become their names."""

    def moved(link: re.Match[str]) -> str:
        if link[2].startswith("docs/"):
            return f"[{link[1]}]({link[2].removeprefix('docs/')})"
        return link[1]

    return LINK.sub(moved, text)


def _readme(heading: str) -> str:
    """A section of the README without its heading."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(heading)}\n+(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return from_root(found[1]).strip()


def start() -> str:
    more = "What next: [install](install.md), [a first day](first-day.md), [the ideas](concepts.md)."
    return f"# gammacore\n\n{_readme('# gammacore')}\n\n{more}\n"


def never() -> str:
    rules = "[order safety](house-rules.md), [what must not come back](must-not-regress.md)"
    promises = _readme("## What it will never do")
    return f"# What it will never do\n\n{promises}\n\nEach promise is a rule with its test: {rules}.\n"


def repeated(name: str) -> str:
    return from_root((ROOT / name).read_text(encoding="utf-8"))


def pages() -> dict[Path, str]:
    """Every page as it should stand."""
    reference = {
        "commands": commands, "settings": settings, "json": documents, "exit-codes": exit_codes,
        "reason-codes": reason_codes, "alerts": alerts, "http-api": http_api, "metrics": metrics, "files": files,
        "library": library,
    }  # fmt: skip
    written = {DOCS / "reference" / f"{name}.md": write() for name, write in reference.items()}
    written |= {DOCS / "index.md": start(), DOCS / "never.md": never()}
    return written | {
        DOCS / f"{name.lower()}.md": repeated(f"{name}.md") for name in ("CHANGELOG", "SECURITY", "CONTRIBUTING")
    }


# -- one version -------------------------------------------------------------------------------------------------------


def disagreements(version: str, headings: Iterable[str], tags: Iterable[str]) -> list[str]:
    """Where the tags of a commit, the metadata and the changelog say different versions. Rule: OP-901."""
    tags = [tag for tag in tags if re.fullmatch(r"v\d+\.\d+\.\d+\S*", tag)]
    wrong = [f"tag {tag} is not v{version}" for tag in tags if tag != f"v{version}"]
    if tags and version not in headings:
        wrong.append(f"the changelog has no [{version}]")
    return wrong


def versions_disagree() -> list[str]:
    """Of this clone; a copy without git has no tags."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    headings = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    git = shutil.which("git")
    asked = [git or "", "tag", "--points-at", "HEAD"]
    tagged = git and subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    installed = [] if metadata.version("gammacore") == version else ["the installed version is another: make install"]
    return [*installed, *disagreements(version, headings, tagged.stdout.split() if tagged else ())]


def main() -> int:
    if wrong := versions_disagree():
        print("; ".join(wrong), file=sys.stderr)
        return 1
    missing, gone = without_cause(codes_in_the_code(), explained())
    if missing or gone:
        print(f"docs/reasons.toml lacks {missing or 'nothing'}, explains {gone or 'nothing'} in vain", file=sys.stderr)
        return 1
    for path, wanted in pages().items():
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != wanted:
            print(f"{path.relative_to(ROOT)} is out of date: run python tests/docs_pages.py", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
