"""Critical messages on disk: kept until they are delivered, taken over from whoever died. Rule: OP-403."""

from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path

import pytest

from gammacore.adapters.notifiers.spool import Spool, failed_channels
from gammacore.domain.alerts.messages import Message
from gammacore.domain.service.endings import Level

NOON = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)


def alarm(subject: str, text: str = "5 attempts", minutes: int = 0) -> Message:
    at = NOON + dt.timedelta(minutes=minutes)
    return Message("stuck", Level.CRITICAL, f"Alarm stuck {subject}", text, at, subject)


def test_what_a_process_leaves_is_the_next_ones_oldest_first(tmp_path: Path) -> None:
    died = Spool(tmp_path / "spool")
    died.keep("phone", alarm("p2", minutes=5))
    died.keep("phone", alarm("p1"))
    died.keep("mail", alarm("p1"))
    died.forget("mail", alarm("p1"))
    died.close()

    heir = Spool(tmp_path / "spool")

    assert heir.take_over() == [("phone", alarm("p1")), ("phone", alarm("p2", minutes=5))]
    assert Spool(tmp_path / "spool").take_over() == []  # the heir lives and has them
    heir.close()
    assert len(Spool(tmp_path / "spool").take_over()) == 2


def test_nothing_is_taken_from_a_process_that_lives(tmp_path: Path) -> None:
    alive = Spool(tmp_path / "spool")
    alive.keep("phone", alarm("p1"))

    assert Spool(tmp_path / "spool").take_over() == []


def test_a_repeat_takes_the_place_of_what_it_repeats(tmp_path: Path) -> None:
    died = Spool(tmp_path / "spool")
    died.keep("phone", alarm("p1", "5 attempts"))
    died.keep("phone", alarm("p1", "6 attempts"))
    died.close()

    assert [message.text for _, message in Spool(tmp_path / "spool").take_over()] == ["6 attempts"]


def test_a_file_that_is_torn_is_dropped_and_the_rest_is_sent(tmp_path: Path) -> None:
    died = Spool(tmp_path / "spool")
    died.keep("phone", alarm("p1"))
    (folder,) = (tmp_path / "spool").iterdir()
    (folder / "phone.torn.json").write_text('{"channel": "phone", "code"')
    died.close()

    assert Spool(tmp_path / "spool").take_over() == [("phone", alarm("p1"))]


def test_all_that_is_delivered_leaves_nothing_behind(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.keep("phone", alarm("p1"))
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.rglob("*.json")} == {0o600}
    spool.forget("phone", alarm("p1"))
    spool.close()

    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_costs_the_copy_and_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where the folder would be")
    spool = Spool(tmp_path / "spool")

    assert not spool.keep("phone", alarm("p1"))
    spool.forget("phone", alarm("p1"))
    spool.mark("phone", "no connection")
    assert spool.take_over() == []
    spool.close()


def test_without_a_ledger_nothing_is_kept() -> None:
    assert not Spool(None).keep("phone", alarm("p1"))
    assert Spool(None).take_over() == []


@pytest.mark.parametrize(("problems", "red"), [(["no connection"], {"phone": "no connection"}), (["no", ""], {})])
def test_a_failing_channel_is_marked_until_one_message_arrives(
    problems: list[str], red: dict[str, str], tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool")
    for problem in problems:
        spool.mark("phone", problem)

    assert failed_channels(tmp_path / "spool") == red


def test_of_what_is_not_critical_each_is_kept_and_what_is_critical_is_sent_first(tmp_path: Path) -> None:
    died = Spool(tmp_path / "spool")
    halts = [Message("halted", Level.WARNING, "Halted", text, NOON + dt.timedelta(hours=hour)) for hour, text in
             enumerate(("daily loss", "feed silent"))]  # fmt: skip
    for one in (*halts, alarm("p1", minutes=300)):
        died.keep("phone", one)
    died.close()

    assert Spool(tmp_path / "spool").take_over() == [("phone", one) for one in (alarm("p1", minutes=300), *halts)]


class FullDisk(Spool):
    def keep(self, channel: str, message: Message) -> bool:
        return False


def test_on_a_full_disk_what_a_process_left_is_sent_and_stays_for_the_next(tmp_path: Path) -> None:
    died = Spool(tmp_path / "spool")
    died.keep("phone", alarm("p1"))
    died.close()

    assert FullDisk(tmp_path / "spool").take_over() == [("phone", alarm("p1"))]
    assert Spool(tmp_path / "spool").take_over() == [("phone", alarm("p1"))]
