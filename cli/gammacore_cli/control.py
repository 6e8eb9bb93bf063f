"""Shared by halt, resume and flatten: a request to ledgers, the wait for their loops, and what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from attrs import frozen

from gammacore.errors import InvalidInput, LoopSilent, StorageError
from gammacore.ports.storage import RequestKind
from gammacore_cli.frame import Frame
from gammacore_cli.output import emit
from gammacore_cli.which_ledger import Head, head_of

if TYPE_CHECKING:
    from gammacore.wiring import Answer, FoundLedger

WAIT = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Seconds to wait for a running loop (default: loop.answer_seconds, at least two looks).",
)
OBEYED = {RequestKind.HALT: "halted", RequestKind.RESUME: "resumed", RequestKind.FLATTEN: "flattened"}


def ask_and_show(
    frame: Frame, ledgers: Sequence[FoundLedger], kind: RequestKind, reason: str, wait: float | None = None
) -> None:
    """Ask, wait for the loops, print one line a ledger.

    Raises:
        LoopSilent: a loop did not obey in time; its request stays in the inbox.
        WriteConflict: a ledger is written by the hedging filter, which takes no requests.
    """
    from gammacore import wiring
    from gammacore.ports.storage import Request

    heads = [head_of(frame, one) for one in ledgers]

    def show_heads() -> None:
        for head in heads:
            head.show(frame)

    request = Request(kind, wiring.system_clock().now(), reason)
    places = [one.place for one in ledgers]
    patience = wiring.Patience.of(frame.settings, wait)
    answers = wiring.ask(frame.settings, places, request, patience, before_waiting=show_heads)
    shown = [_latch_shown(frame, one, kind, answer) for one, answer in zip(ledgers, answers, strict=True)]
    sentences = [sentence_of(kind, answer) + latch.words for answer, latch in zip(answers, shown, strict=True)]
    document = _document(kind, reason, heads, answers, sentences, shown)

    def view() -> str:
        names = [f"{one.words} {one.place}: " if len(ledgers) > 1 else "" for one in ledgers]
        lines = zip(names, sentences, strict=True)
        return "\n".join(f"{kind.value} ({reason}): {name}{sentence}" for name, sentence in lines)

    emit(document, frame.as_json, view)
    differ = [
        f"{one.words} {one.place}: {kind.value}{latch.words}"
        for one, latch in zip(ledgers, shown, strict=True)
        if latch.differs
    ]
    failed = [(one, answer) for one, answer in zip(ledgers, answers, strict=True) if not answer.done]
    if not failed:
        if differ:
            raise StorageError("; ".join(differ))
        return
    refused = next((answer.refusal for _, answer in failed if answer.refusal is not None), None)
    if refused is not None:
        raise refused
    raise silent(kind, [(ledger, answer) for ledger, answer in failed], patience.obey)


def silent(kind: RequestKind, left: Sequence[tuple[FoundLedger, Answer]], waited: dt.timedelta) -> LoopSilent:
    """Which loops did not obey, and what a person can do meanwhile."""
    late = ", ".join(f"{ledger.place} ({answer.loop})" for ledger, answer in left)
    ends = " and ".join(f"`kill -9 {pid}`" for _, answer in left if (pid := _pid(answer))) or "the loop"
    return LoopSilent(
        f"not {OBEYED[kind]}: the running loop has not answered within {waited.total_seconds():g} s: {late}; it hangs, "
        "is stopped, or waits for its broker. The request stays in its inbox and is obeyed by its next cycle or start; "
        f"`gammacore status` shows whether it was. What cannot wait: close it by hand at the broker, or end {ends} and "
        "run `gammacore flatten`, which then does it by itself"
    )


def _pid(answer: Answer) -> str:
    """The number in "process 4711"; "" where the loop runs elsewhere."""
    number = (answer.loop or "").removeprefix("process ")
    return number if number.isdecimal() else ""


@frozen
class _Latch:
    """What the ledger shows of the latch once a request was obeyed; `differs` where that is not what was asked for."""

    halted: str | None = None
    words: str = ""
    differs: bool = False


def _latch_shown(frame: Frame, ledger: FoundLedger, kind: RequestKind, answer: Answer) -> _Latch:
    from gammacore import wiring

    if not answer.done:
        return _Latch()
    try:
        halted = wiring.book_of(frame.settings, ledger.place).halted
    except (StorageError, InvalidInput) as fault:  # it was obeyed all the same
        return _Latch(words=f"; whether it stands cannot be read: {fault}")
    if kind is RequestKind.HALT and halted is None:
        return _Latch(words="; the ledger is not halted: resumed meanwhile", differs=True)
    if kind is RequestKind.RESUME and halted is not None:
        return _Latch(halted, f"; the ledger is halted again: {halted}", differs=True)
    return _Latch(halted)


def _document(
    kind: RequestKind,
    reason: str,
    heads: Sequence[Head],
    answers: Sequence[Answer],
    sentences: Sequence[str],
    shown: Sequence[_Latch],
) -> dict[str, object]:
    """The keys of one ledger at the top; of several they are null there, and `ledgers` has a line for each."""
    from gammacore_cli.json_values import clock

    lines = [
        {
            **head.document,
            "done": sentence,
            "at": None if answer.at is None else clock(answer.at),
            "halted": latch.halted,
        }
        for head, answer, sentence, latch in zip(heads, answers, sentences, shown, strict=True)
    ]
    top = lines[0] if len(lines) == 1 else {**dict.fromkeys(lines[0]), "done": "; ".join(sentences)}
    return {**top, kind.value: reason, "verdicts": [], "orders": [], "ledgers": lines}


def sentence_of(kind: RequestKind, answer: Answer) -> str:
    """What became of one request, with the time of the latch."""
    from gammacore.domain.reports.figures import clock_text

    if answer.refusal is not None:
        return f"refused: {answer.refusal}"
    if answer.loop is None:
        return "journaled; no loop is running"
    if answer.at is None:
        return f"left with the running loop ({answer.loop}), which has not obeyed yet; the request stays"
    return f"{OBEYED[kind]} by the running loop ({answer.loop}) at {clock_text(answer.at)} New York"
