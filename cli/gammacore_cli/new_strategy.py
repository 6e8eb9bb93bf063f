"""`gammacore new-strategy NAME`: a commented strategy file and its test, to start from."""

from __future__ import annotations

import importlib.util
import keyword
import re
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from shlex import join

import click
from attrs import frozen

from gammacore.errors import ConfigurationError
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.output import emit

NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*([-_ ][A-Za-z0-9]+)*")


@frozen
class Names:
    """One name in the three ways it is written.

    >>> Names.of("MorningShares"), Names.of("morning-shares").title
    (Names(slug='morning-shares', module='morning_shares', title='MorningShares'), 'MorningShares')
    """

    slug: str
    module: str
    title: str

    @classmethod
    def of(cls, name: str) -> Names:
        """Raises ConfigurationError: not a name, or one that is taken."""
        from gammacore.wiring.own_strategies import is_taken

        if NAME.fullmatch(name) is None:
            raise ConfigurationError(
                f"NAME: {name!r} is not a name; give letters, digits and hyphens, like morning-shares"
            )
        words = [word.lower() for word in re.split(r"[-_ ]|(?<=[a-z0-9])(?=[A-Z])", name)]
        names = cls("-".join(words), "_".join(words), "".join(word.capitalize() for word in words))
        if is_taken(names.slug) or keyword.iskeyword(names.module) or keyword.iskeyword(names.title):
            raise ConfigurationError(f"NAME: {names.slug} is a name gammacore or Python uses itself; give another")
        if importlib.util.find_spec(names.module) is not None:
            raise ConfigurationError(f"NAME: {names.module} is the name of an installed Python module; give another")
        return names


@click.command("new-strategy")
@click.argument("name")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), default=Path(), metavar="D", help="Folder (default: this one)."
)
@common_options
def new_strategy(frame: Frame, name: str, folder: Path) -> None:
    """Write a strategy of your own to start from, and a test that runs it offline.

    The strategy buys five shares in the morning and sells them in the afternoon. An existing file is never overwritten.
    """
    names = Names.of(name)
    path, test = folder / f"{names.module}.py", folder / f"test_{names.module}.py"
    for file in (path, test):
        if file.exists():
            raise ConfigurationError(f"{file}: exists and is left as it is; give another NAME or --dir")
    steps = _next_steps(path, test, names)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, template in ((path, "own_strategy.py"), (test, "test_own_strategy.py")):
            with file.open("x", encoding="utf-8") as opened:
                opened.write(_filled(template, names))
    except OSError as wrong:
        raise ConfigurationError(f"{folder}: cannot be written ({wrong.strerror}); give another --dir") from wrong
    document: dict[str, object] = {
        "strategy": f"{path}:{names.title}", "name": names.slug, "written": [str(path), str(test)], "next": steps,
    }  # fmt: skip
    emit(document, frame.as_json, lambda: "\n".join((f"{path} and {test} written; next:", *(f"  {x}" for x in steps))))


def _next_steps(path: Path, test: Path, names: Names) -> list[str]:
    """Commands that work from this folder with this installation: test it, trade a simulated day with it."""
    beside = Path(sys.executable).with_name("gammacore")
    gammacore = "gammacore" if shutil.which("gammacore") else str(beside)
    install = [] if importlib.util.find_spec("pytest") else [join([sys.executable, "-m", "pip", "install", "pytest"])]
    trade = join([gammacore, "trade", "--strategy", f"{path}:{names.title}"])
    return [*install, join([sys.executable, "-m", "pytest", str(test)]), trade]


def _filled(template: str, names: Names) -> str:
    text = files("gammacore_cli").joinpath("scaffold", template).read_text(encoding="utf-8")
    for before, after in (
        ("own_strategy", names.module), ("own-strategy", names.slug),
        ("OwnStrategy", names.title),
    ):  # fmt: skip
        text = text.replace(before, after)
    return text
