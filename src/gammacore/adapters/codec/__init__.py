"""One canonical JSON of the ledger events, shared by every place that stores or exports them.

The same event gives the same bytes everywhere, and bytes that are not exactly one of our records are refused: a ledger
is never read by guessing.
"""

from gammacore.adapters.codec.chain import GENESIS, link
from gammacore.adapters.codec.instants import instant_from_text, instant_to_text
from gammacore.adapters.codec.records import EventCodec, NewerRecord, UnreadableRecord, decode, encode
from gammacore.adapters.codec.versions import UPCASTERS, Upcaster

__all__ = [
    "GENESIS",
    "UPCASTERS",
    "EventCodec",
    "NewerRecord",
    "UnreadableRecord",
    "Upcaster",
    "decode",
    "encode",
    "instant_from_text",
    "instant_to_text",
    "link",
]
