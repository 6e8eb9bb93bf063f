"""What the brokers' adapters share of the network: why there is no answer, in words that name host and remedy."""

from gammacore.adapters.wire.connection import explain, explain_status

__all__ = ["explain", "explain_status"]
