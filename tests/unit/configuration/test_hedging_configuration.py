"""The hedging desk in the configuration: profiles, layers, provenance. Sections 0 and 1.5, cli.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from gammacore.configuration import Configuration, Settings, configure, read_environment, read_toml, sample_toml
from gammacore.configuration.sources import Sourced
from gammacore.domain.hedging.settings import HedgingSettings, Profile, hedging_profile
from gammacore.errors import ConfigurationError


def given(source: str, **keys: object) -> dict[str, Sourced]:
    """A layer of hedging keys."""
    return {f"hedging.{name}": Sourced(value, source) for name, value in keys.items()}


def toml(tmp_path: Path, text: str) -> dict[str, Sourced]:
    path = tmp_path / "gammacore.toml"
    path.write_text(text, encoding="utf-8")
    return read_toml(path)


def source_of(configuration: Configuration, key: str) -> str:
    return next(source for row, _, source in configuration.rows() if row == key)


@pytest.mark.parametrize("profile", list(Profile))
def test_a_profile_by_configuration_is_the_profile(profile: Profile) -> None:
    """DH-002: the same figures, so the same config_hash and the same intent ids."""
    configured = configure([given("test", profile=profile.value)]).settings.hedging

    assert configured == hedging_profile(profile.value)
    assert configured.config_hash == hedging_profile(profile.value).config_hash


def test_what_a_profile_sets_says_so_and_whoever_gives_a_row_wins() -> None:
    """DH-002."""
    configuration = configure([given("the file", profile="source", multiplier=100)])

    assert configuration.settings.hedging.multiplier == 100
    assert source_of(configuration, "hedging.multiplier") == "the file"
    assert source_of(configuration, "hedging.session_gate") == "profile source (the file)"
    assert source_of(configuration, "hedging.threshold") == "default"


def test_a_profile_that_is_unknown_is_refused_with_its_place() -> None:
    with pytest.raises(ConfigurationError, match=r"option --profile: hedging\.profile: seed is not valid; give one of"):
        configure([given("option --profile", profile="seed")])


@pytest.mark.parametrize(
    ("layers", "threshold", "source"),
    [
        (0, "0.15", "default"),
        (1, "0.2", "gammacore.toml, line 2"),
        (2, "0.3", ".env HEDGING_THRESHOLD"),
        (3, "0.4", "environment HEDGING_THRESHOLD"),
        (4, "0.5", "option --threshold"),
    ],
)
def test_options_win_over_environment_over_dotenv_over_file_over_profile(
    layers: int, threshold: str, source: str, tmp_path: Path
) -> None:
    """Section 1.5, cli.md."""
    every = [
        toml(tmp_path, "[hedging]\nthreshold = 0.2\n"),
        read_environment({"HEDGING_THRESHOLD": "0.3"}, ".env"),
        read_environment({"HEDGING_THRESHOLD": "0.4"}),
        given("option --threshold", threshold=Decimal("0.5")),
    ]

    configuration = configure(every[:layers])

    assert configuration.settings.hedging.threshold == Decimal(threshold)
    assert source_of(configuration, "hedging.threshold").endswith(source)


VARIABLES: Mapping[str, tuple[str, str, object]] = {
    "GEX_VALUE": ("-15000", "gex_fallback", Decimal(-15000)),
    "HEDGING_THRESHOLD": ("0.2", "threshold", Decimal("0.2")),
    "HEDGING_THRESHOLD_NEGATIVE_GEX": ("0.05", "threshold_negative_gex", Decimal("0.05")),
    "HEDGE_MIN_INTERVAL_SECONDS": ("0", "min_interval", Decimal(0)),
    "EXIT_TIME_ET": ("15:30", "exit_before_close", Decimal(1800)),
    "OPTIONS_CONTRACT_MULTIPLIER": ("10", "multiplier_default", 10),
    "STRATEGY_EVENT_MAX_AGE_SECONDS": ("5", "max_age", Decimal(5)),
    "STRATEGY_EVENT_MAX_FUTURE_SKEW_SECONDS": ("1", "max_skew", Decimal(1)),
}


@pytest.mark.parametrize("variable", VARIABLES)
def test_each_variable_of_the_table_is_its_setting(variable: str) -> None:
    """Section 1.5; empty is unset."""
    text, setting, value = VARIABLES[variable]
    configuration = configure([read_environment({variable: text})])

    assert getattr(configuration.settings.hedging, setting) == value
    assert source_of(configuration, f"hedging.{setting}") == f"environment {variable}"
    assert configure([read_environment({variable: " "})]).settings.hedging == HedgingSettings()


def test_a_bad_variable_is_reported_with_the_file_it_stands_in() -> None:
    with pytest.raises(ConfigurationError, match=r"\.env EXIT_TIME_ET: '16:00' is not valid; give HH:MM"):
        read_environment({"EXIT_TIME_ET": "16:00"}, ".env")


def test_firestore_and_the_home_folder_have_variables_of_their_own() -> None:
    """Section 1.5, cli.md."""
    settings = configure([read_environment({"FIREBASE_PROJECT_ID": "demo", "GAMMACORE_HOME": "/x"})]).settings

    assert (settings.firestore.project, settings.storage.home) == ("demo", Path("/x"))


def test_whose_gamma_rules_a_book_is_a_table_of_symbols(tmp_path: Path) -> None:
    """DH-407."""
    by_file = configure([toml(tmp_path, '[hedging.gex_symbols]\nQQQ = "NDX"\n')])
    by_variable = configure([read_environment({"GAMMACORE_HEDGING__GEX_SYMBOLS__QQQ": "NDX"})])

    assert by_file.settings.hedging.gex_symbols == by_variable.settings.hedging.gex_symbols == {"QQQ": "NDX"}
    assert source_of(by_file, "hedging.gex_symbols").endswith("line 2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[hedging]\nthresold = 1\n", "unknown key hedging.thresold; did you mean hedging.threshold?"),
        ("[hedging]\nthreshold = 0\n", r"line 2: hedging.threshold: 0 is not valid; give a number above 0"),
        ('[hedging]\nhedge_with = "futures"\n', "give one of shares, buy_protection, sell_premium"),
        ("[firestore]\nlease_seconds = 5\n", "renew before the lease runs out"),
        ('[storage]\nkind = "mongo"\n', "give one of sqlite, firestore"),
    ],
)
def test_a_bad_key_is_reported_with_its_line_and_fix(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=message):
        configure([toml(tmp_path, text)])


def uncommented() -> Iterator[str]:
    """The sample with every default taken at its word."""
    for line in sample_toml().splitlines():
        match = re.match(r"# (\w+ = .*?)(    #.*)?$", line)
        yield match[1] if match else line


def test_the_sample_with_every_line_taken_out_changes_nothing(tmp_path: Path) -> None:
    """`config init`: what it says is what holds."""
    sample = "\n".join(uncommented())
    configured = configure([toml(tmp_path, sample[: sample.index("# Any other underlying")])]).settings

    assert "[hedging]" in sample
    assert "[firestore]" in sample
    assert (configured.hedging, configured.storage, configured.firestore) == (
        Settings().hedging, Settings().storage, Settings().firestore,
    )  # fmt: skip
