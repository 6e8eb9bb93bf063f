"""A network between us and Firestore that loses what it is set to lose."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from enum import Enum

from attrs import define, field, frozen

from gammacore.adapters.firestore import Documents, StoreUnreachable
from gammacore.adapters.firestore.documents import Change, Document


class Fate(Enum):
    """What becomes of a commit that nobody answers."""

    NEVER_SENT = "the request was lost"
    ANSWER_LOST = "it was made, the answer was lost"
    LATE = "it is still on its way"


@define(eq=False)
class Network:
    """What will be lost: the next commits one by one, or every read. What is late arrives when asked or after reads."""

    fates: list[Fate] = field(factory=list)
    reads_fail: bool = False
    on_their_way: list[Sequence[Change]] = field(factory=list)
    reads_until_delivery: int = 0

    def deliver(self, documents: Documents) -> None:
        """Let what was late arrive; raises what Firestore says to it."""
        documents.commit(self.on_their_way.pop(0))


@frozen(eq=False)
class UnreliableDocuments(Documents):
    """Real documents of a real server, behind such a network."""

    network: Network = field(factory=Network)

    def get(self, path: str) -> Document | None:
        if self.network.reads_fail:
            raise StoreUnreachable("the network is down")
        document = super().get(path)
        if self.network.on_their_way and self.network.reads_until_delivery > 0:
            self.network.reads_until_delivery -= 1
            if self.network.reads_until_delivery == 0:
                super().commit(self.network.on_their_way.pop(0))
        return document

    def commit(self, changes: Sequence[Change]) -> Sequence[dt.datetime]:
        if not self.network.fates:
            return super().commit(changes)
        fate = self.network.fates.pop(0)
        if fate is Fate.ANSWER_LOST:
            super().commit(changes)
        elif fate is Fate.LATE:
            self.network.on_their_way.append(changes)
        raise StoreUnreachable(fate.value)


@frozen(eq=False)
class RivaledDocuments(Documents):
    """Real documents of a real server; before our reads, pages and commits rivals do what they were set to."""

    before_get: list[Callable[[], object]] = field(factory=list)
    before_page: list[Callable[[], object]] = field(factory=list)
    before_commit: list[Callable[[], object]] = field(factory=list)

    def get(self, path: str) -> Document | None:
        _act(self.before_get)
        return super().get(path)

    def numbered(self, collection: str, field: str, after: int, until: int | None, limit: int) -> Sequence[Document]:
        _act(self.before_page)
        return super().numbered(collection, field, after, until, limit)

    def commit(self, changes: Sequence[Change]) -> Sequence[dt.datetime]:
        _act(self.before_commit)
        return super().commit(changes)


def _act(rivals: list[Callable[[], object]]) -> None:
    if rivals:
        rivals.pop(0)()
