"""Firestore's complaints in our words: which place, what is wrong, whether anything can have been written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gammacore.errors import CorruptLedger, StorageError

_KEY_TROUBLE = "Getting metadata from plugin failed"
"""How the connection reports that no access token was to be had for our key."""


class StoreUnreachable(StorageError):
    """No answer in time. A read returned nothing; a write may or may not have been done."""


class StoreBusy(StorageError):
    """Over a quota, of the second or of the day: nothing was written."""


class Outrun(StorageError):
    """A document is not as it was when we read it, so nothing of this commit was written."""


@contextmanager
def as_storage_errors(place: str) -> Iterator[None]:
    """Raise what Google's client raises inside as an error of our tree that names the place.

    Raises:
        Outrun: a precondition did not hold; nothing was written.
        StoreUnreachable: no answer in time.
        StoreBusy: over a quota; nothing was written.
        StorageError: Firestore refused for good; nothing was written.
    """
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except GoogleAPICallError as fault:
        raise _of_call(fault, place) from fault
    except RetryError as fault:
        raise _unreachable(place, fault) from fault
    except GoogleAuthError as fault:
        raise _not_let_in(place, fault) from fault


def _of_call(fault: Exception, place: str) -> StorageError:
    from google.api_core import exceptions as google

    if isinstance(fault, google.FailedPrecondition | google.NotFound | google.Conflict):
        # Conflict is both "already exists" and "aborted in favour of another writer".
        return Outrun(f"{place}: {fault}; nothing was written")
    if isinstance(fault, google.Forbidden | google.Unauthorized):
        return StorageError(f"{place}: {fault}; give this account the right to read and write there")
    if isinstance(fault, google.TooManyRequests):
        return StoreBusy(f"{place}: {fault}; the quota is used up, nothing was written")
    if isinstance(fault, google.ClientError) and not isinstance(fault, google.Cancelled):
        return StorageError(f"{place}: {fault}; Firestore refused, nothing was written")
    return _unreachable(place, fault)


def _unreachable(place: str, fault: Exception) -> StoreUnreachable:
    if _KEY_TROUBLE in str(fault):
        return _not_let_in(place, fault)
    return StoreUnreachable(f"{place}: Firestore does not answer: {fault}; check the network")


def _not_let_in(place: str, fault: Exception) -> StoreUnreachable:
    """A key that cannot be renewed just now (no network) and one that was withdrawn look alike."""
    return StoreUnreachable(f"{place}: Google did not let us in: {fault}; check the key and the network")


def corrupt(place: str, problem: str) -> CorruptLedger:
    """The error of a ledger in Firestore that is not what was written. Rule: R6."""
    name = place.split("/")[1]
    return CorruptLedger(f"{place}: {problem}", f"gammacore ledger repair --ledger firestore:{name}")
