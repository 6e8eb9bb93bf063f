"""A user's own strategy: found by FILE:NAME or by its registered name, checked, and named when it fails. Decision 0024.

The file is ordinary Python and runs with the rights of the process. It is read where a day is traded or previewed,
never by `flatten`, `halt` or `status`, and after the locks of live trading were judged.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import inspect
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

from attrs import frozen

from gammacore.configuration import StrategyName
from gammacore.configuration.settings import nearest
from gammacore.domain.book.view import BookView
from gammacore.domain.holdings.holding import Origin
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Decision, Decisions, Needs, Situation, Strategy
from gammacore.domain.words import StrategyTag
from gammacore.errors import ConfigurationError, StrategyFailed

Answer = TypeVar("Answer")

GROUP = "gammacore.strategies"
"""The entry-point group in which an installed package registers its strategies."""

METHODS: Mapping[str, tuple[str, ...]] = {
    "needs": ("now", "session", "book"),
    "deadlines": ("session", "book"),
    "decide": ("situation",),
}
"""What a strategy must have besides its name, with the arguments each is called with."""

TAKEN = (*StrategyName, *StrategyTag, *Origin)
"""Names a ledger already uses for what it holds."""


@frozen(eq=False)
class CheckedStrategy:
    """A user's strategy; what it raises or wrongly returns becomes one sentence that names it and the line."""

    inner: Strategy
    reference: str
    name: str
    default_underlying: str | None = None
    guards: object = None
    """Opening guards, where the strategy has some: they are fed with what the account was worth (DH-1009)."""

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        found: object = self._ask("needs", lambda: self.inner.needs(now, session, book))
        if not isinstance(found, Needs):
            raise self._failed("needs", f"returned {found!r}", "return gammacore.Needs(), with what it looks at")
        return found

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        found = self._ask("deadlines", lambda: tuple(self.inner.deadlines(session, book)))
        for instant in found:
            if getattr(instant, "tzinfo", None) is None:
                raise self._failed("deadlines", f"returned {instant!r}", "return datetimes with a time zone")
        return found

    def decide(self, situation: Situation) -> Decisions:
        found: object = self._ask("decide", lambda: self.inner.decide(situation))
        if not isinstance(found, Decisions):
            raise self._failed("decide", f"returned {found!r}", "return gammacore.Decisions(), empty for no order")
        steps: object = found.steps
        if not isinstance(steps, tuple | list) or (wrong := [one for one in steps if not isinstance(one, Decision)]):
            shown = steps if not isinstance(steps, tuple | list) else wrong[0]
            raise self._failed("decide", f"decided {shown!r}", "return gammacore.Decisions((Trade(...),))")
        return found

    def _ask(self, method: str, call: Callable[[], Answer]) -> Answer:
        try:
            with redirect_stdout(sys.stderr):  # what it prints is not the command's document
                return call()
        except Exception as wrong:
            what = f"raised {type(wrong).__name__}: {wrong}{_line_in(wrong, self.reference)}"
            raise self._failed(method, what, "correct it; the same command with --ledger goes on") from wrong

    def _failed(self, method: str, what: str, fix: str) -> StrategyFailed:
        return StrategyFailed(f"strategy {self.name} ({self.reference}): {method} {what}; {fix}")


def load_strategy(reference: str) -> CheckedStrategy:
    """The strategy of "path/to/file.py:Name", or the one registered under a name; each call builds it anew.

    The name is that of a class without arguments, of an instance, or of a function without arguments that returns one.

    Raises:
        ConfigurationError: there is no such file or name, it cannot be imported or built, or it is not a strategy.
    """
    if not reference.endswith(".py") and ":" not in reference:
        return _checked(_registered(reference), reference)
    file, _, name = reference.rpartition(":")
    if not file or not name:
        file = reference.removesuffix(":")
        raise _refused(reference, "names no strategy of the file", f"give {file}:NAME{_offered(file)}")
    module = _imported(Path(file).expanduser(), reference)
    if not hasattr(module, name):
        raise _refused(reference, f"{file} defines no {name}", _fix_of_name(file, name, module))
    return _checked(getattr(module, name), reference)


def _fix_of_name(file: str, name: str, module: ModuleType) -> str:
    there = strategies_in(module)
    if not there:
        return f"define it, or see `gammacore new-strategy {name}` for a file to start from"
    return f"give {' or '.join(f'{file}:{one}' for one in there)}{nearest(name, there)}"


def strategies_in(module: ModuleType) -> tuple[str, ...]:
    """The names of the strategies a module defines."""
    return tuple(
        name
        for name, one in vars(module).items()
        if not name.startswith("_")
        and all(callable(getattr(one, method, None)) for method in METHODS)
        and getattr(one, "__module__", module.__name__) == module.__name__
    )


def _offered(file: str) -> str:
    try:
        there = strategies_in(_imported(Path(file).expanduser(), file))
    except ConfigurationError:
        return ""
    return f", NAME being {' or '.join(there)}" if there else ""


def code_of(reference: str) -> str:
    """A digest of a user's strategy: of its file, or of every file of the package that registered it. Rule: OP-208.

    Raises:
        ConfigurationError: it cannot be read or found.
    """
    digest = hashlib.sha256()
    if ":" in reference:
        files = [Path(reference.rpartition(":")[0])]
    else:
        found = [one for one in importlib.metadata.entry_points(group=GROUP) if one.name == reference]
        distribution = found[0].dist if found else None
        if distribution is None:
            raise _refused(reference, "no package registers it", "install it")
        files = [Path(str(distribution.locate_file(one))) for one in distribution.files or () if one.suffix == ".py"]
    for file in sorted(files):
        try:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError as wrong:
            raise _refused(
                reference, f"{file} cannot be read ({wrong.strerror})", "name the file that holds it"
            ) from wrong
    return digest.hexdigest()


def _registered(name: str) -> Any:
    """What an installed package registered under a name."""
    found = [*importlib.metadata.entry_points(group=GROUP, name=name)]
    if not found:
        known = [*StrategyName, *(one.name for one in importlib.metadata.entry_points(group=GROUP))]
        close = nearest(name, known).removeprefix("; ")
        fix = f"give {', '.join(dict.fromkeys(known))}, or path/to/file.py:NAME of your own"
        raise _refused(
            name, "is not built in, nor registered by an installed package", f"{close} Else {fix}" if close else fix
        )
    if len({one.value for one in found}) > 1:
        raise _refused(name, f"is registered by {' and '.join(one.value for one in found)}", "uninstall one of them")
    try:
        with redirect_stdout(sys.stderr):
            return found[0].load()
    except (Exception, SystemExit) as wrong:
        raise _not_imported(name, found[0].value, wrong) from wrong


def _imported(path: Path, reference: str) -> ModuleType:
    try:
        source = path.read_bytes()
    except FileNotFoundError as wrong:
        raise _refused(reference, f"there is no file {path}", "give the path from this folder") from wrong
    except OSError as wrong:
        raise _refused(reference, f"{path} cannot be read ({wrong.strerror})", "give a Python file") from wrong
    try:
        return _module(path.resolve(), source)
    except (Exception, SystemExit) as wrong:
        raise _not_imported(reference, str(path), wrong) from wrong


@lru_cache(maxsize=16)
def _module(path: Path, source: bytes) -> ModuleType:
    """A file as a module, run once as long as its text stays; while it runs, it can import files beside it.

    What it prints goes to stderr: stdout is for the command's own document.
    """
    module = ModuleType(f"gammacore_own_{path.stem}_{hashlib.sha256(str(path).encode() + source).hexdigest()[:12]}")
    module.__file__ = str(path)
    before = [*sys.path]
    sys.path.append(str(path.parent))  # last: a file beside it never hides a library
    sys.modules[module.__name__] = module  # dataclasses look their own module up
    try:
        with redirect_stdout(sys.stderr):
            exec(compile(source, str(path), "exec"), module.__dict__)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    finally:
        sys.path[:] = before
    return module


def _not_imported(reference: str, file: str, wrong: BaseException) -> ConfigurationError:
    at = f", line {wrong.lineno}" if isinstance(wrong, SyntaxError) and wrong.lineno else _line_in(wrong, reference)
    detail = wrong.msg if isinstance(wrong, SyntaxError) else str(wrong)
    problem = f"{file} cannot be imported ({type(wrong).__name__}: {detail}{at})"
    return _refused(reference, problem, "correct the file; --debug shows the traceback")


def _checked(target: Any, reference: str) -> CheckedStrategy:
    strategy = _built(target, reference)
    missing = [name for name in METHODS if not callable(getattr(strategy, name, None))]
    if not hasattr(strategy, "name"):
        missing.insert(0, "name")
    if missing:
        raise _refused(reference, f"{type(strategy).__name__} is not a strategy, it has no {', no '.join(missing)}",
                       "add what is missing, as in gammacore.Strategy")  # fmt: skip
    for method, arguments in METHODS.items():
        _refuse_signature(getattr(strategy, method), method, arguments, reference)
    name = strategy.name
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise _refused(reference, f"its name is {name!r}", "give a name that the ledger can show, like ten-shares")
    if name.strip() != name or is_taken(name):
        why = "has blanks around it" if name.strip() != name else "is a name gammacore uses itself"
        raise _refused(reference, f"its name, {name!r}, {why}", "give it another")
    wanted = getattr(strategy, "default_underlying", None)
    if wanted is not None and (not isinstance(wanted, str) or not wanted):
        raise _refused(reference, f"its default_underlying is {wanted!r}", "give a symbol like SPY, or leave it out")
    return CheckedStrategy(cast(Strategy, strategy), reference, name, wanted, getattr(strategy, "guards", None))


def is_taken(name: str) -> bool:
    """Whether gammacore uses the name itself."""
    return name.lower() in {taken.lower() for taken in TAKEN}


def _built(target: Any, reference: str) -> Any:
    """The instance: itself, or what a class or function without arguments returns."""
    if not callable(target) or (not isinstance(target, type) and hasattr(target, "decide")):
        return target
    kind = "constructor" if isinstance(target, type) else "function"
    try:
        needed = [
            parameter.name
            for parameter in inspect.signature(target).parameters.values()
            if parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        ]
    except (TypeError, ValueError):
        needed = []
    if needed:
        raise _refused(reference, f"its {kind} needs {', '.join(needed)}",
                       "give them defaults, or name a function without arguments that builds it")  # fmt: skip
    try:
        with redirect_stdout(sys.stderr):
            return target()
    except (Exception, SystemExit) as wrong:
        what = f"its {kind} raised {type(wrong).__name__}: {wrong}{_line_in(wrong, reference)}"
        raise _refused(reference, what, "correct it; --debug shows the traceback") from wrong


def _refuse_signature(method: Callable[..., Any], name: str, arguments: tuple[str, ...], reference: str) -> None:
    wanted = f"def {name}(self, {', '.join(arguments)})"
    if inspect.iscoroutinefunction(method):
        raise _refused(reference, f"its {name} is async", f"write {wanted}")
    try:
        inspect.signature(method).bind(*arguments)
    except TypeError as wrong:
        raise _refused(
            reference, f"its {name} cannot be called with {', '.join(arguments)}", f"write {wanted}"
        ) from wrong
    except ValueError:
        return  # a built-in without a signature: it shows when it is called


def _line_in(wrong: BaseException, reference: str) -> str:
    """Where in the user's file an exception arose, ", line N"; "" where it was elsewhere."""
    file = reference.rpartition(":")[0] if ":" in reference else reference
    line, trace = "", wrong.__traceback__
    while trace is not None:
        if file and Path(trace.tb_frame.f_code.co_filename).name == Path(file).name:
            line = f", line {trace.tb_lineno}"
        trace = trace.tb_next
    return line


def _refused(reference: str, problem: str, fix: str) -> ConfigurationError:
    return ConfigurationError(f"trade.strategy: {reference}: {problem}; {fix}")
