"""What a loop obeys: the inbox beside its ledger, the kill files of ledger, home and account. Rules: R10, OP-105."""

from __future__ import annotations

from gammacore.adapters.composite_inbox import CompositeInbox
from gammacore.adapters.fake.in_memory import MemoryInbox
from gammacore.adapters.firestore import Outages
from gammacore.adapters.kill_file import KillFile
from gammacore.configuration import Settings
from gammacore.domain.ledger import Mode
from gammacore.ports.storage import Inbox
from gammacore.wiring.storage import LedgerPlace, local_path, open_inbox

HOME_HALT = "HALT"
"""The kill file of a whole home: `touch` it to flatten and halt every account of it, without gammacore at hand."""


def inbox_of(
    settings: Settings, ledger: LedgerPlace | None, mode: Mode, also_obey: Inbox | None, outages: Outages
) -> CompositeInbox:
    """Everything a loop obeys: the inbox and the kill file beside its ledger, the configured kill file. Rule: R10.

    And what it hears besides: the outages of its own ledger.
    """
    inboxes: list[Inbox] = [outages] if also_obey is None else [also_obey, outages]
    inboxes += kill_files(settings, ledger, mode)
    return CompositeInbox(MemoryInbox() if ledger is None else open_inbox(settings, ledger, outages), *inboxes)


def kill_files(settings: Settings, ledger: LedgerPlace | None, mode: Mode | None) -> tuple[KillFile, ...]:
    """The kill files that hold for a ledger: the one beside it, the home's, and, where configured, the account's.

    HOME/HALT holds for every paper and live account of a home, not for its simulated and replayed days. Rule: OP-105.
    """
    files = [] if ledger is None else [KillFile.beside(local_path(settings, ledger))]
    if ledger is not None and mode is not Mode.STUDY:
        files.append(KillFile(settings.storage.home / HOME_HALT))
    if settings.account.halt_file is not None:
        files.append(KillFile(settings.account.halt_file))
    return tuple(files)
