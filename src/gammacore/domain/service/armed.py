"""A person's word that the service may trade a live account: for so many sessions, by these settings and this code.

It is the third lock of live trading for the service's loop, where a person is not there to type the account number. It
holds no number, only a salted hash; it lapses by itself, and one changed setting voids it. Rule: OP-208.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping

from attrs import evolve, field, frozen

NOT_TRADING = ("log_level", "log.", "alerts.", "health.", "view.", "dashboard.", "backup.", "service.", "storage.home")
"""Settings that begin so may change under an arming: they trade nothing."""
CODE = "the code of the strategy"


@frozen
class ArmedAccount:
    """What was armed: `settings` are the trading settings as shown then, `code` the digest of a user's own strategy.

    `since` is when this account was armed first; what was opened since then was opened under an arming.
    """

    salt: str
    digest: str = field(repr=False)
    ending: str
    armed_at: dt.datetime
    since: dt.datetime
    last_session: dt.date
    settings: Mapping[str, str] = field(repr=False)
    code: str = ""
    disarmed_at: dt.datetime | None = None

    @classmethod
    def of(
        cls, number: str, ending: str, salt: str, at: dt.datetime, last: dt.date, settings: Mapping[str, str], code: str
    ) -> ArmedAccount:
        """An account armed now.

        >>> armed = ArmedAccount.of("6YA12345", "***345", "5a17", dt.datetime(2026, 3, 3, tzinfo=dt.UTC),
        ...                         dt.date(2026, 3, 9), {"stops.stop": "2.0"}, "")
        >>> armed.is_of("6YA12345"), armed.is_of("6YA99999"), "6YA12345" in repr(armed)
        (True, False, False)
        >>> armed.void(dt.date(2026, 3, 9), {"stops.stop": "2.0"}, ""), armed.void(dt.date(2026, 3, 10), {}, "")
        ('', 'the arming of account ***345 lapsed after the session of 2026-03-09')
        >>> armed.void(dt.date(2026, 3, 9), {"stops.stop": "3.0"}, "")
        'the arming of account ***345 is void: stops.stop was 2.0 and is 3.0'
        """
        return cls(salt, _hashed(number, salt), ending, at, at, last, dict(settings), code)

    def is_of(self, number: str) -> bool:
        """Whether this is the account of that number."""
        return hmac.compare_digest(self.digest, _hashed(number, self.salt))

    def void(self, date: dt.date, settings: Mapping[str, str], code: str) -> str:
        """Why it does not hold on a date, by these settings; "" while it does. Names the keys."""
        whose = f"the arming of account {self.ending}"
        if self.disarmed_at is not None:
            return f"{whose} was ended (gammacore disarm)"
        if date > self.last_session:
            return f"{whose} lapsed after the session of {self.last_session}"
        changed = [
            f"{key} was {self.settings.get(key, 'not there')} and is {settings.get(key, 'not there')}"
            for key in sorted({*self.settings, *settings})
            if self.settings.get(key) != settings.get(key)
        ]
        if code != self.code:
            changed.append(f"{CODE} has changed")
        return f"{whose} is void: {'; '.join(changed)}" if changed else ""

    def ended(self, at: dt.datetime) -> ArmedAccount:
        """The same, disarmed."""
        return evolve(self, disarmed_at=at)

    def following(self, before: ArmedAccount | None) -> ArmedAccount:
        """The same, after an earlier arming: what was opened under that one, was opened under an arming."""
        return self if before is None else evolve(self, since=min(self.since, before.since))


def _hashed(number: str, salt: str) -> str:
    """Slow on purpose: an account number is short enough to be guessed."""
    return hashlib.scrypt(number.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()
