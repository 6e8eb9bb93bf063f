"""The ledger, its inbox and the published regime in Firestore.

Google's library is loaded by `connect` and by the first call, never by importing this package.
"""

from gammacore.adapters.firestore.client import connect
from gammacore.adapters.firestore.documents import Documents, Patience
from gammacore.adapters.firestore.faults import StoreUnreachable
from gammacore.adapters.firestore.gex_publisher import FirestoreGexPublisher
from gammacore.adapters.firestore.inbox import FirestoreInbox
from gammacore.adapters.firestore.layout import ledger_place
from gammacore.adapters.firestore.lease import LeaseTerms, writer_of
from gammacore.adapters.firestore.outages import Outages
from gammacore.adapters.firestore.regime_source import FirestoreRegimeSource
from gammacore.adapters.firestore.repair import RepairReport, repair
from gammacore.adapters.firestore.storage import FirestoreStorage

__all__ = [
    "Documents",
    "FirestoreGexPublisher",
    "FirestoreInbox",
    "FirestoreRegimeSource",
    "FirestoreStorage",
    "LeaseTerms",
    "Outages",
    "Patience",
    "RepairReport",
    "StoreUnreachable",
    "connect",
    "ledger_place",
    "repair",
    "writer_of",
]
