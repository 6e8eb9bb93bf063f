"""Settings as attrs classes: where each value came from, what is wrong with it, what may be shown of it.

The rules' own classes are the settings: a figure is declared once, in the rule that uses it. Layers, weakest first:
defaults, TOML file, `.env` file, environment, options.
"""

from gammacore.configuration.layers import Configuration, Sourced, configure, read_environment, read_toml
from gammacore.configuration.sample import sample_toml
from gammacore.configuration.settings import Settings

__all__ = ["Configuration", "Settings", "Sourced", "configure", "read_environment", "read_toml", "sample_toml"]
