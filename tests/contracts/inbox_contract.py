"""What every inbox must do. Inherit `InboxContract` and give it the fixture `reopen`. R10, R13."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

import pytest

from builders_ledger import at
from gammacore.ports.storage import Inbox, Request, RequestKind

HALT = Request(RequestKind.HALT, at(1), "quotes look wrong")
FLATTEN = Request(RequestKind.FLATTEN, at(2), "going home; all of it")
RESUME = Request(RequestKind.RESUME, at(0), "posted later with an earlier clock")


class Reopen(Protocol):
    """Opens what outlives an inbox object."""

    def __call__(self) -> Inbox:
        """The same inbox, as another process sees it."""
        ...


class InboxContract:
    """The cases. A subclass overrides the fixture `reopen`."""

    @pytest.fixture
    def reopen(self) -> Reopen:
        raise TypeError(f"{type(self).__name__} gives no fixture `reopen`")

    def test_a_new_inbox_holds_nothing(self, reopen: Reopen) -> None:
        assert list(reopen().pending()) == []

    def test_requests_are_pending_in_the_order_they_were_posted(self, reopen: Reopen) -> None:
        for request in (HALT, FLATTEN, RESUME):
            reopen().post(request)

        assert list(reopen().pending()) == [HALT, FLATTEN, RESUME]

    def test_a_request_stays_until_it_is_done(self, reopen: Reopen) -> None:
        reopen().post(HALT)
        reopen().post(FLATTEN)
        assert list(reopen().pending()) == list(reopen().pending())

        reopen().done(HALT)

        assert list(reopen().pending()) == [FLATTEN]

    def test_a_request_posted_twice_is_pending_once(self, reopen: Reopen) -> None:
        reopen().post(HALT)
        reopen().post(HALT)

        assert list(reopen().pending()) == [HALT]

    def test_two_requests_of_one_kind_are_two(self, reopen: Reopen) -> None:
        later = Request(HALT.kind, HALT.at + dt.timedelta(microseconds=1), HALT.reason)
        reopen().post(HALT)
        reopen().post(later)

        reopen().done(HALT)

        assert list(reopen().pending()) == [later]

    def test_closing_twice_is_nothing_and_takes_no_request_out(self, reopen: Reopen) -> None:
        inbox = reopen()
        inbox.post(HALT)
        inbox.close()
        inbox.close()

        assert list(reopen().pending()) == [HALT]

    def test_done_ignores_what_it_does_not_know(self, reopen: Reopen) -> None:
        reopen().done(HALT)
        reopen().post(FLATTEN)

        reopen().done(HALT)

        assert list(reopen().pending()) == [FLATTEN]
