"""Halt, resume and flatten from the page: each leaves the same request as the command line. Rules: OP-509..511."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gammacore.adapters.dashboard.api import Asked
from gammacore.adapters.dashboard.security import CONTROLS_A_MINUTE, Keys, Rate, Refused
from gammacore.ports.desk_source import ControlAnswer, DeskSource
from gammacore.ports.storage import RequestKind

REASON = "{} from the page"
LONGEST_REASON = 200
Document = dict[str, Any]


class Controls:
    """What the three routes do once every check of the gate has passed."""

    def __init__(self, source: DeskSource, keys: Keys) -> None:
        self._source = source
        self._keys = keys
        self._rates = {kind: Rate(CONTROLS_A_MINUTE, 60) for kind in (RequestKind.FLATTEN, RequestKind.RESUME)}

    def act(self, kind: RequestKind, form: Mapping[str, str]) -> tuple[int, Document]:
        """Status and document.

        Raises:
            Refused: 403 resume on live, 404 ledger, 409 without a loop or with a stale nonce, 429.
        """
        asked = Asked.of(self._source, form)
        card = asked.reading.card
        if card is None:
            raise Refused(409, "there is no ledger yet")
        if kind is RequestKind.RESUME and card.mode == "live":
            raise Refused(403, "a live account is resumed at the command line only: gammacore resume --live")
        if (rate := self._rates.get(kind)) is not None:
            if rate.is_over():
                raise Refused(429, "6 a minute; wait a little. Halt is not limited")
            rate.count()
        if kind is not RequestKind.HALT and not card.running:
            raise Refused(409, f"no loop runs on {card.name}: gammacore {kind.value} acts without one")
        if kind is RequestKind.FLATTEN:
            if not form.get("nonce"):
                return 200, self._preview(asked, card.name)
            self._keys.use_nonce(form["nonce"], card.name)
            if (form.get("mode") or form.get("confirm") or "").strip().lower() != card.mode:
                raise Refused(409, f"type the mode, {card.mode}, to flatten; nothing was done")
        reason = _one_line(form.get("reason") or "")[:LONGEST_REASON] or REASON.format(_DONE[kind])
        answer = self._source.ask(card.name, kind, reason)
        return _judged(kind, answer, card.name, card.mode, reason)

    def _preview(self, asked: Asked, name: str) -> Document:
        shown = asked.current
        marks = {} if shown is None else {one["id"]: one for one in shown["holdings"]}
        book = asked.reading.book
        return {
            "preview": True,
            "nonce": self._keys.nonce(name),
            "expires_in": 30,
            "ledger": name,
            "mode": asked.reading.mode,
            "account": asked.reading.account or None,
            "closes": [
                {
                    "id": one.id,
                    "words": one.in_words,
                    "mark": marks.get(one.id, {}).get("mark"),
                    "open_pnl": marks.get(one.id, {}).get("open_pnl"),
                }
                for one in book.live_holdings
                if one.has_filled and not one.is_flat
            ],
            "orders": len(book.working_orders),
        }


def _one_line(text: str) -> str:
    """What somebody typed, as one line that can be printed and stored."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


_DONE = {RequestKind.HALT: "halted", RequestKind.RESUME: "resumed", RequestKind.FLATTEN: "flattened"}


def _judged(kind: RequestKind, answer: ControlAnswer, name: str, mode: str, reason: str) -> tuple[int, Document]:
    if answer.refusal:
        raise Refused(409, answer.refusal)
    document: Document = {
        "done": answer.at is not None,
        "kind": kind.value,
        "ledger": name,
        "mode": mode,
        "reason": reason,
        "at": None if answer.at is None else answer.at.isoformat(),
        "loop": answer.loop or None,
        "open": list(answer.open),
    }
    if answer.at is None:
        words = (
            "no loop runs; it is obeyed at the next start"
            if not answer.loop
            else "the loop has not answered yet; the request stays"
        )
        return 202, {**document, "message": words}
    return 200, document
