"""One HTTPS request with time-outs and a few repeats; what goes wrong is reported without the URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from math import isnan
from time import sleep
from typing import Any, TypeVar

import requests
from attrs import field, frozen
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_exponential, wait_random

from gammacore.errors import GammacoreError

LONGEST_WAIT_SECONDS = 10.0
PATIENCE_SECONDS = 30.0
BACK_OFF = wait_exponential(0.1, max=4.0) + wait_random(0, 1)
"""Seconds before a repeat of which the server named no time."""
TOO_MANY_REQUESTS, SERVER_ERROR = 429, 500


class NotDelivered(GammacoreError):
    """A request came to nothing. `retry` says whether, and after how many seconds at least, to try it again."""

    def __init__(self, problem: str, retry: bool | float = False) -> None:
        super().__init__(problem)
        self.retry = retry


Answer = TypeVar("Answer")


def tried(call: Callable[[], Answer], attempts: int) -> Answer:
    """What a call answers, made again while `NotDelivered` says that it makes sense; after that its fault is raised."""
    repeats = Retrying(
        sleep=sleep,
        retry=retry_if_exception(lambda fault: isinstance(fault, NotDelivered) and fault.retry is not False),
        wait=_wait,
        stop=stop_after_attempt(attempts) | stop_before_delay(PATIENCE_SECONDS),
        reraise=True,
    )
    answer: Answer = repeats(call)
    return answer


@frozen
class Https:
    """Sends requests that a person waits for, not an order: bounded in time, repeated while that makes sense.

    Not repeated: a refusal, and a request that left and was not answered in time (it may have arrived).
    """

    session: requests.Session = field(factory=requests.Session, repr=False)
    timeout_seconds: float = 5.0
    attempts: int = 3

    def __call__(self, method: str, url: str, **content: Any) -> requests.Response:
        """The answer, when it is a good one.

        Raises:
            NotDelivered: it could not be had; the message holds no URL.
        """
        return tried(lambda: self._once(method, url, content), self.attempts)

    def _once(self, method: str, url: str, content: Mapping[str, Any]) -> requests.Response:
        try:
            answer = self.session.request(method, url, timeout=self.timeout_seconds, allow_redirects=False, **content)
        except requests.ReadTimeout:
            raise NotDelivered(f"no answer in {self.timeout_seconds:g} s") from None
        except requests.ConnectionError:
            raise NotDelivered("no connection", retry=True) from None
        except requests.RequestException as fault:
            raise NotDelivered(f"{type(fault).__name__}") from None
        if answer.ok and not answer.is_redirect:
            return answer
        busy = answer.status_code == TOO_MANY_REQUESTS
        raise NotDelivered(
            f"answered {answer.status_code}", _wait_asked(answer) if busy else answer.status_code >= SERVER_ERROR
        )


def _wait(state: RetryCallState) -> float:
    """Seconds before the next attempt: as many as the server named, else more each time."""
    fault = None if state.outcome is None else state.outcome.exception()
    named = fault.retry if isinstance(fault, NotDelivered) else True
    return BACK_OFF(state) if isinstance(named, bool) else named


def _wait_asked(answer: requests.Response) -> float | bool:
    """Seconds the server wants to be left alone, no longer than an alert is worth waiting for.

    It names seconds, or an instant: that counts from the answer's own `Date`, for its clock is not ours.
    """
    named = answer.headers.get("Retry-After", "1")
    with suppress(ValueError):
        seconds = float(named)
        return True if isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)
    try:
        until, begins = (parsedate_to_datetime(text) for text in (named, answer.headers.get("Date", "")))
        return min(max((until - begins).total_seconds(), 0.0), LONGEST_WAIT_SECONDS)
    except (ValueError, TypeError):  # neither, or only one of the two has an offset
        return True
