"""The version of the library, from its installed metadata. Rule: OP-801."""

from importlib.metadata import version

__version__ = version("gammacore")
