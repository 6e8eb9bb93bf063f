"""What the brokers' adapters share: faults and their errors, repeats of a question, steps of a live market."""

from gammacore.adapters.wire.connection import explain, explain_status
from gammacore.adapters.wire.faults import Asked, Repeats, RequestRefused, Trouble, UnreadableAnswer, as_broker_error
from gammacore.adapters.wire.live_market import next_step
from gammacore.adapters.wire.texts import well_formed

__all__ = [
    "Asked",
    "Repeats",
    "RequestRefused",
    "Trouble",
    "UnreadableAnswer",
    "as_broker_error",
    "explain",
    "explain_status",
    "next_step",
    "well_formed",
]
