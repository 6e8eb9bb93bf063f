"""A user's strategy is loaded from its file or its registered name, or refused with the field and the fix. 0024."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from conftest import ROOT
from gammacore.application.trade_day import TradeDay
from gammacore.configuration import OwnStrategy, StrategyName, configure
from gammacore.domain.strategy import Decisions, Situation
from gammacore.errors import ConfigurationError, StrategyFailed
from gammacore.wiring import load_strategy, naming_its_underlying, wire_day
from gammacore.wiring.own_strategies import METHODS, TAKEN, strategies_in
from gammacore.wiring.strategies import open_strategy, spec_of

GOOD = """
import gammacore

class Quiet:
    name = "quiet"
    def needs(self, now, session, book): return gammacore.Needs()
    def deadlines(self, session, book): return ()
    def decide(self, situation): return gammacore.Decisions()
"""


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Writes a file of Python and names something in it."""

    def write(text: str, name: str, file: str = "own.py") -> str:
        (tmp_path / file).write_text(text, encoding="utf-8")
        return f"{tmp_path / file}:{name}"

    return write


@pytest.mark.parametrize(
    ("more", "name"),
    [("", "Quiet"), ("quiet = Quiet()", "quiet"), ("def build():\n    return Quiet()", "build"),
     ("def build(seed=1, *rest, **more):\n    return Quiet()", "build"), ("build = lambda: Quiet()", "build")],
)  # fmt: skip
def test_a_class_an_instance_and_a_function_without_arguments_are_strategies(
    written: Any, more: str, name: str
) -> None:
    assert load_strategy(written(GOOD + more, name)).name == "quiet"


@pytest.mark.parametrize(
    ("text", "name", "problem", "fix"),
    [
        (GOOD, "Quite", "own.py defines no Quite", "own.py:Quiet; did you mean Quiet?"),
        ("x = 1", "Quiet", "defines no Quiet", "gammacore new-strategy Quiet"),
        (GOOD, "", "names no strategy of the file", "own.py:NAME, NAME being Quiet"),
        ("class Quiet:\n    pass", "Quiet", "it has no name, no needs, no deadlines, no decide", "add"),
        (GOOD.replace("def decide", "def choose"), "Quiet", "Quiet is not a strategy, it has no decide", "add"),
        (GOOD.replace('name = "quiet"', ""), "Quiet", "it has no name", "add"),
        (GOOD.replace("(self, situation)", "(self)"), "Quiet", "its decide cannot be", "def decide(self, situation)"),
        (GOOD.replace("def decide", "async def decide"), "Quiet", "its decide is async", "def decide(self, situation)"),
        (GOOD + "    def __init__(self, size, *, limit): ...", "Quiet", "needs size, limit", "defaults"),
        (GOOD + "def build(size): return Quiet()", "build", "its function needs size", "give them defaults"),
        (GOOD + "    def __init__(self): raise ValueError('no key')", "Quiet", "ValueError: no key, line 9", "--debug"),
        (GOOD.replace('"quiet"', "7"), "Quiet", "its name is 7", "like ten-shares"),
        (GOOD.replace('"quiet"', '" "'), "Quiet", "its name is ' '", "like ten-shares"),
        (GOOD.replace('"quiet"', '"a\\n"'), "Quiet", "its name is 'a\\n'", "like ten-shares"),
        (GOOD.replace('"quiet"', '" quiet"'), "Quiet", "has blanks around it", "give it another"),
        (GOOD + "    default_underlying = 5", "Quiet", "its default_underlying is 5", "a symbol like SPY"),
        ("import nowhere_at_all", "Quiet", "Error: No module named 'nowhere_at_all', line 1)", "--debug"),
        ("x = (", "Quiet", "(SyntaxError: '(' was never closed, line 1)", "--debug"),
        ("import sys\nsys.exit(3)", "Quiet", "(SystemExit: 3, line 2)", "--debug"),
    ],
)  # fmt: skip
def test_what_is_not_a_strategy_is_refused_with_field_and_fix(
    written: Any, text: str, name: str, problem: str, fix: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_strategy(written(text, name))

    said = str(refused.value)
    assert said.startswith("trade.strategy: ")
    assert problem in said
    assert fix in said.partition(problem)[2]
    assert "\n" not in said


@pytest.mark.parametrize("name", [*TAKEN, "Credit-Spread"])
def test_a_name_gammacore_uses_itself_is_refused(written: Any, name: str) -> None:
    with pytest.raises(ConfigurationError, match="is a name gammacore uses itself; give it another"):
        load_strategy(written(GOOD.replace("quiet", name), "Quiet"))


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"trade\.strategy: .*there is no file .*nope\.py; give the path"):
        load_strategy(f"{tmp_path}/nope.py:X")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_strategy(f"{tmp_path}:X")


def test_a_file_runs_once_until_it_changes_and_may_import_its_neighbours(
    written: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "beside_own_strategy", raising=False)
    paths = [*sys.path]
    (tmp_path / "beside_own_strategy.py").write_text("NAME = 'quiet'\n", encoding="utf-8")
    text = "import beside_own_strategy\nprint('read')\n" + GOOD.replace('"quiet"', "beside_own_strategy.NAME")
    for _ in range(2):
        assert load_strategy(written(text, "Quiet")).name == "quiet"
    assert load_strategy(written(text.replace("beside_own_strategy.NAME", '"other"'), "Quiet")).name == "other"

    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "read\nread\n")
    assert sys.path == paths


def test_dataclasses_and_postponed_annotations_work_in_a_file(written: Any) -> None:
    text = "from __future__ import annotations\nimport dataclasses\n" + GOOD.replace(
        'class Quiet:\n    name = "quiet"', '@dataclasses.dataclass(frozen=True)\nclass Quiet:\n    name: str = "quiet"'
    )
    assert load_strategy(written(text, "Quiet")).name == "quiet"


def registered(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """An installed package that registers strategies."""
    info = folder / "desks_of_mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: desks-of-mine\nVersion: 1.0\n", encoding="utf-8")
    listed = "\n".join(("[gammacore.strategies]", *lines, ""))
    (info / "entry_points.txt").write_text(listed, encoding="utf-8")
    (folder / "desks_of_mine.py").write_text(GOOD, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "desks_of_mine", raising=False)


def test_a_registered_name_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registered(tmp_path, monkeypatch, "quiet = desks_of_mine:Quiet", "gone = desks_of_mine:Gone")

    assert open_strategy(configure([{"trade.strategy": "quiet"}]).settings).name == "quiet"
    with pytest.raises(
        ConfigurationError, match=r"trade\.strategy: gone: desks_of_mine:Gone cannot be imported \(Attr"
    ):
        load_strategy("gone")
    with pytest.raises(ConfigurationError, match=r"quite: is not built in.*did you mean quiet.*give .*gone"):
        load_strategy("quite")


def test_a_registered_name_that_two_packages_claim_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in ("a", "b"):
        (tmp_path / number).mkdir()
        registered(tmp_path / number, monkeypatch, f"quiet = desks_{number}:Quiet")
        shutil.move(
            tmp_path / number / "desks_of_mine-1.0.dist-info", tmp_path / number / f"desks_{number}-1.0.dist-info"
        )
        metadata = tmp_path / number / f"desks_{number}-1.0.dist-info" / "METADATA"
        metadata.write_text(f"Metadata-Version: 2.1\nName: desks-{number}\nVersion: 1.0\n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"is registered by desks_[ab]:Quiet and .*uninstall one of them"):
        load_strategy("quiet")


@pytest.mark.parametrize(
    ("body", "words"),
    [("raise KeyError('vix')", r"decide raised KeyError: 'vix', line \d+; correct it"),
     ("return None", r"decide returned None; return gammacore\.Decisions\(\)"),
     ("return gammacore.Decisions(('buy',))", r"decide decided 'buy'; return gammacore\.Decisions\(\(Trade"),
     ("return gammacore.Decisions('buy')", r"decide decided 'buy'; return gammacore\.Decisions\(\(Trade"),
     ("return [1]", r"decide returned \[1\]; return gammacore\.Decisions\(\)")],
)  # fmt: skip
def test_a_strategy_that_fails_while_it_trades_is_named_with_its_line(written: Any, body: str, words: str) -> None:
    reference = written(GOOD.replace("return gammacore.Decisions()", body), "Quiet")
    day = wire_day(configure([{"trade.strategy": reference, "market.step_seconds": 300}]))
    try:
        with pytest.raises(StrategyFailed, match=rf"strategy quiet \(.*own\.py:Quiet\): {words}"):
            day.trade()
    finally:
        day.close()


def test_deadlines_without_a_time_zone_are_refused_when_they_are_given(written: Any) -> None:
    text = "import datetime as dt\n" + GOOD.replace("return ()", "return (dt.datetime(2026, 3, 3, 10),)")
    strategy = load_strategy(written(text, "Quiet"))

    with pytest.raises(StrategyFailed, match=r"deadlines returned .*; return datetimes with a time zone"):
        strategy.deadlines(cast(Any, None), cast(Any, None))


def test_what_it_prints_while_it_trades_is_kept_off_stdout(written: Any, capsys: pytest.CaptureFixture[str]) -> None:
    strategy = load_strategy(written(GOOD.replace("return gamma", "print('x'); return gamma"), "Quiet"))

    assert strategy.decide(cast(Situation, None)) == Decisions()
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "x\n")


@pytest.mark.parametrize(
    ("given", "underlying"),
    [({}, "SPY"), ({"market.underlying": "QQQ"}, "QQQ"), ({"more": '    default_underlying = "IWM"'}, "IWM")],
)
def test_the_default_underlying_is_that_of_shares_unless_the_strategy_names_one(
    written: Any, given: dict[str, str], underlying: str
) -> None:
    chosen = {"trade.strategy": written(GOOD + given.pop("more", ""), "Quiet"), **given}

    assert naming_its_underlying(configure([chosen])).settings.market.underlying == underlying


def test_its_opening_guards_are_fed_with_what_the_account_is_worth(written: Any) -> None:
    """DH-1009."""
    guarded = (
        GOOD + "    from gammacore.domain.risk.opening_limits import OpeningGuards\n    guards = OpeningGuards()\n"
    )

    def wired(text: str) -> TradeDay:
        day = wire_day(configure([{"trade.strategy": written(text, "Quiet")}]))
        day.close()
        return day.trade

    assert wired(guarded).equity is not None
    assert wired(GOOD).equity is None


def test_moving_the_file_changes_no_decision_and_another_strategy_does() -> None:
    def fingerprint(chosen: str) -> str:
        return configure([{"trade.strategy": chosen}]).fingerprint()

    assert fingerprint("a/own.py:X") == fingerprint("b/c/own.py:X")
    assert len({fingerprint(each) for each in ("own.py:X", "own.py:Y", "credit-spread", "delta-hedge")}) == 4


@pytest.mark.parametrize("value", ["", 5, True])
def test_a_strategy_that_is_not_a_text_is_refused_as_a_setting(value: object) -> None:
    with pytest.raises(ConfigurationError, match=rf"trade\.strategy: .*give {', '.join(StrategyName)}, FILE:NAME"):
        configure([{"trade.strategy": value}])


def test_every_built_in_strategy_has_a_line_that_builds_it_under_its_name() -> None:
    for name in StrategyName:
        spec = spec_of(name)
        assert spec.name == name == spec.build(configure([{"trade.strategy": name}]).settings).name
        assert (spec.preview is not None) or spec.is_scalping


def test_every_built_in_strategy_is_named_in_the_help_and_in_the_sample() -> None:
    from gammacore.configuration import sample_toml
    from gammacore_cli.trade import trade

    option = next(one for one in trade.params if one.name == "strategy")
    line = next(line for line in sample_toml().splitlines() if line.startswith("# strategy = "))
    for name in StrategyName:
        assert name in str(getattr(option, "help", ""))
        assert name in line


def test_the_example_is_found_in_its_file() -> None:
    strategy = load_strategy(f"{ROOT / 'examples' / 'own_strategy.py'}:TenShares")

    assert strategy.name == "ten-shares"
    assert strategies_in(sys.modules[type(strategy.inner).__module__]) == ("TenShares",)
    assert set(METHODS) == {"needs", "deadlines", "decide"}
    assert spec_of(OwnStrategy("x.py:Y")).preview is None
