"""Settings as attrs classes: where each value came from, what is wrong with it, what may be shown of it.

The rules' own classes are the settings: a figure is declared once, in the rule that uses it. Layers, weakest first:
defaults, TOML file, `.env` file, environment, options.
"""

from gammacore.configuration.layers import Configuration, LiveAsk, configure, every_error
from gammacore.configuration.sample import sample_toml
from gammacore.configuration.settings import OwnStrategy, Settings, StrategyName
from gammacore.configuration.sources import SettingError, Sourced, read_environment, read_toml, unused_variables

__all__ = [
    "Configuration",
    "LiveAsk",
    "OwnStrategy",
    "SettingError",
    "Settings",
    "Sourced",
    "StrategyName",
    "configure",
    "every_error",
    "read_environment",
    "read_toml",
    "sample_toml",
    "unused_variables",
]
