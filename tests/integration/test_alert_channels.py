"""Alerts that arrive, through json:// channels on this machine: acceptance check 13, a kill, a service, secrets.

Rules: OP-206..208, OP-213, OP-304, OP-401..406.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from builders_channels import JsonService, channels_toml, dead_port, json_service
from builders_cli import CommandLine, at_home, on_a_trading_day
from fakes import FakeCalendar
from fakes_service import JumpingClock
from gammacore.adapters.credentials import Variables
from gammacore.application.diagnose import failed
from gammacore.configuration import Configuration, Settings, configure
from gammacore.domain.ledger import Mode
from gammacore.domain.service.alerts import ServiceAlert
from gammacore.domain.service.endings import Level
from gammacore.domain.sessions import NEW_YORK, new_york
from gammacore.wiring.alerts.notices import operator_of
from gammacore.wiring.alerts.service_operator import ServiceOperator
from gammacore.wiring.service.supervisor import ServiceAsk, run_service
from gammacore_cli.main import EXIT_USAGE

LOG = logging.getLogger("gammacore.test.alerts")
NOON = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
TOKEN = "tok3n-77f-abcdef"
NOBODY = Variables({}, "none")


@pytest.fixture
def gammacore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    return CommandLine(capsys)


@pytest.fixture
def phone() -> Iterator[JsonService]:
    with json_service() as service:
        yield service


def url(service: JsonService) -> str:
    return f"json://127.0.0.1:{service.port}/{TOKEN}"


def settings_of(home: Path, service: JsonService, **given: object) -> Settings:
    channel = {"name": "phone", "url": url(service)}
    keys = {key.replace("__", "."): value for key, value in given.items()}
    return configure([{"storage.home": home, "alerts.channels": [channel], **keys}]).settings


# -- gammacore alerts --------------------------------------------------------------------------------------------------


def test_check_13_one_of_two_channels_is_dead(gammacore: CommandLine, phone: JsonService) -> None:
    dead = dead_port()
    Path("gammacore.toml").write_text(channels_toml(phone=url(phone), dead=f"json://127.0.0.1:{dead}/{TOKEN}"))

    answer = gammacore("alerts", "test", "--json")

    assert answer.code == 1
    document = answer.document
    assert (document["ok"], document["failed"]) == (False, ["dead"])
    assert [(one["name"], one["delivered"]) for one in document["channels"]] == [("phone", True), ("dead", False)]
    assert all(isinstance(one["milliseconds"], int) for one in document["channels"])
    assert document["channels"][1]["problem"] == "no connection, or no answer in 5 s"
    assert phone.titles == ["NOTICE: Test of channel phone"]
    said = answer.out + answer.err
    assert not [secret for secret in (TOKEN, "json://", str(dead), str(phone.port), "127.0.0.1") if secret in said]


@pytest.mark.parametrize(
    ("words", "code", "titles"),
    [
        (("--channel", "phone"), 0, ["NOTICE: Test of channel phone"]),
        (("--channel", "phone", "--level", "critical"), 0, ["CRITICAL: Test of channel phone"]),
        (("--channel", "phon"), 2, []),
        (("--channel", "dead"), 1, []),
    ],
)
def test_one_channel_is_tested_by_its_name(
    gammacore: CommandLine, phone: JsonService, words: tuple[str, ...], code: int, titles: list[str]
) -> None:
    Path("gammacore.toml").write_text(channels_toml(phone=url(phone), dead=f"json://127.0.0.1:{dead_port()}/{TOKEN}"))

    answer = gammacore("alerts", "test", *words)

    assert (answer.code, phone.titles) == (code, titles)
    assert TOKEN not in answer.out + answer.err


def test_a_service_that_refuses_is_named_with_its_answer(gammacore: CommandLine) -> None:
    with json_service(status=503) as busy:
        Path("gammacore.toml").write_text(channels_toml(phone=url(busy)))
        answer = gammacore("alerts", "test", "--json")

    assert answer.document["channels"][0]["problem"] == "answered 503"


def test_a_url_may_be_a_secret_elsewhere(
    gammacore: CommandLine, phone: JsonService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path("gammacore.toml").write_text('[[alerts.channels]]\nname = "phone"\nurl_from = "PHONE_URL"\n')
    refused = gammacore("alerts", "test")
    assert refused.code == 2
    assert "channel phone: PHONE_URL is not set" in refused.err

    (tmp_path / "secret").write_text(url(phone) + "\n")
    monkeypatch.setenv("PHONE_URL_FILE", str(tmp_path / "secret"))

    assert gammacore("alerts", "test").code == 0
    assert phone.titles == ["NOTICE: Test of channel phone"]


def test_a_list_shows_what_each_is_told_of_and_no_url(gammacore: CommandLine, phone: JsonService) -> None:
    text = channels_toml(phone=url(phone)) + 'quiet = "22:00-07:00"\nevents = ["halted"]\nmodes = ["live"]\n'
    discord = "https://discord.com/api/webhooks/4711/s3cret-T0ken"
    Path("gammacore.toml").write_text(text.replace("[alerts]\n", f'[alerts]\nwebhook_url = "{discord}"\n'))

    answer = gammacore("alerts", "list", "--json")

    first, second = answer.document["channels"]
    assert (first["name"], first["url"]) == ("discord", "***")
    assert second == {
        "name": "phone", "url": "***", "level": "notice", "modes": ["live"], "events": ["halted"],
        "quiet": "22:00-07:00", "failing": None,
    }  # fmt: skip
    shown = answer.out + gammacore("alerts", "list").out + gammacore("config", "show").out
    assert not [secret for secret in (TOKEN, "s3cret-T0ken", str(phone.port)) if secret in shown]
    assert phone.titles == []


def test_without_a_channel_there_is_nothing_to_test(gammacore: CommandLine) -> None:
    assert gammacore("alerts", "test").code == 2
    assert gammacore("alerts", "list").code == 0
    assert gammacore.document("alerts", "ack")["acknowledged"] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('name = "phone"\nurl = "nonsense://SECRET"', "channel phone: url: *** is not valid"),
        ('name = "phone"\nurll = "json://SECRET"', "did you mean url?"),
        ('name = "phone"\nurl = "json://SECRET"\nlevel = "loud"', "phone.level: loud is not valid"),
        ('name = "phone"', "channel phone url or url_from"),
        ('name = "phone"\nurl_from = "json://SECRET"', "give the name of a variable"),
        ('name = "phone"\nurl = "json://SECRET"\nquiet = "at night"', "quiet: at night is not valid"),
    ],
)
def test_a_channel_that_cannot_be_is_a_configuration_error_without_its_url(
    gammacore: CommandLine, text: str, words: str
) -> None:
    Path("gammacore.toml").write_text(f"[[alerts.channels]]\n{text}\n")

    for command in (("alerts", "test"), ("config", "check")):
        answer = gammacore(*command)
        assert answer.code == 2
        assert words in answer.err
        assert "SECRET" not in answer.err


def test_without_the_extra_a_configured_channel_is_a_configuration_error(
    gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gammacore.adapters.notifiers.apprise_sender.find_spec", lambda _name: None)
    Path("gammacore.toml").write_text(channels_toml(phone=f"json://127.0.0.1/{TOKEN}"))

    for command in (("trade",), ("alerts", "test"), ("config", "check")):
        answer = gammacore(*command)
        assert answer.code == 2
        assert "--editable '.[alerts]'" in answer.err
        assert TOKEN not in answer.err


# -- a day -------------------------------------------------------------------------------------------------------------


def traded(folder: Path, *options: str) -> tuple[float, str, subprocess.CompletedProcess[str]]:
    """A day in a process of its own: its seconds, the digest of its ledger, what it said."""
    folder.mkdir(exist_ok=True)
    begun = monotonic()
    line = [sys.executable, "-m", "gammacore", "trade", "--ledger", "l.sqlite", *on_a_trading_day(), *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GAMMACORE_")}
    done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, timeout=110, check=False)
    digest = hashlib.sha256((folder / "l.sqlite").read_bytes()).hexdigest()
    return monotonic() - begun, digest, done


def test_check_13_a_service_that_never_answers_changes_no_byte_and_costs_less_than_15_seconds(tmp_path: Path) -> None:
    alone, ledger, _ = traded(tmp_path / "alone")
    with json_service(answers=False) as silent:
        (tmp_path / "alerted").mkdir()
        (tmp_path / "alerted" / "gammacore.toml").write_text(channels_toml(silent=url(silent), other=url(silent)))
        alerted, same, done = traded(tmp_path / "alerted", "--debug")

    assert done.returncode == 0, done.stderr
    assert silent.paths
    assert same == ledger
    assert alerted - alone < 15
    assert TOKEN not in done.stdout + done.stderr


def test_a_day_tells_its_start_its_trades_and_its_summary_once(gammacore: CommandLine, phone: JsonService) -> None:
    Path("gammacore.toml").write_text(channels_toml(phone=url(phone)))

    assert gammacore("trade", *on_a_trading_day(), "--quiet").code == 0

    heads = [title.removeprefix("NOTICE [REHEARSAL]: ").split(" ")[0] for title in phone.titles]
    assert heads[0] == "Day"
    assert {"Opened", "Closed"} <= set(heads)
    assert heads[-1] == "2026-03-03:"
    assert sum(title.endswith("SPX credit-spread") for title in phone.titles) == 1


def test_a_paced_study_tells_on_request_and_says_that_it_is_a_rehearsal(
    gammacore: CommandLine, phone: JsonService
) -> None:
    """OP-601. What is practised must not be taken for the account by who reads it on a phone."""
    Path("gammacore.toml").write_text(channels_toml(phone=url(phone)).replace("studies = true", "studies = false"))
    paced = ("--step", "300", "--pace", "36000")

    refusal = gammacore.refusal("trade", "--alerts")
    assert gammacore("trade", *paced, "--quiet").code == 0
    untold = list(phone.titles)
    assert gammacore("trade", *paced, "--alerts", "--quiet").code == 0

    assert (refusal.code, untold) == (EXIT_USAGE, [])
    assert "give --pace with it" in refusal.err
    assert phone.titles
    assert all(" [REHEARSAL]: " in title for title in phone.titles)


def test_no_marked_secret_is_in_a_log_a_page_a_document_a_backup_or_an_alert(
    gammacore: CommandLine, phone: JsonService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """OP-304: plain, quoted and as base64 has it."""
    monkeypatch.setenv("TRADIER_TOKEN", "marked-s3cret/token")
    dead = f"json://user:marked-pa55word@127.0.0.1:{dead_port()}/marked-t0ken-path"
    text = channels_toml(phone=url(phone), dead=dead)
    Path("gammacore.toml").write_text(text)
    day = ("--ledger", "day.sqlite")

    said = [
        gammacore(*command)
        for command in (
            ("trade", *on_a_trading_day(), *day, "--debug", "--log-file", "l.ndjson", "--log-format", "json"),
            ("status", *day, "--json"),
            ("journal", *day, "--json"),
            ("report", *day, "--html", "page.html"),
            ("ledger", "backup", *day, "--to", "backups"),
            ("alerts", "test", "--json"),
            ("config", "show"),
        )
    ]

    assert [answer.code for answer in said] == [0, 0, 0, 0, 0, 1, 0]
    assert list((tmp_path / "backups").iterdir())
    printed = "".join(answer.out + answer.err for answer in said)
    files = {path.name: path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()}
    assert {"l.ndjson", "page.html", "day.sqlite"} <= files.keys()
    alerts = "".join(map(str, phone.messages))
    secrets = (TOKEN, "marked-pa55word", "marked-t0ken-path", "marked-s3cret", "bWFya2VkLXMzY3JldC90b2tl")
    for name, held in {"stdout and stderr": printed, "alerts": alerts, **files}.items():
        if name != "gammacore.toml":
            assert not [secret for secret in secrets if secret in held], name


# -- a kill ------------------------------------------------------------------------------------------------------------

DYING = """
import datetime as dt, logging, os, signal, sys, time
from pathlib import Path
from gammacore.adapters.credentials import Variables
from gammacore.configuration import configure
from gammacore.domain.ledger import Mode
from gammacore.domain.service.alerts import ServiceAlert
from gammacore.domain.service.endings import Level
from gammacore.wiring.alerts.notices import operator_of

home, url, quiet = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
settings = configure(
    [{"storage.home": home, "alerts.channels": [{"name": "phone", "url": url, "quiet": quiet}]}]
).settings
beside = home / "paper" / "paper.sqlite"
operator = operator_of(settings, Mode.PAPER, beside, Variables({}, "none"), logging.getLogger("dying"))
operator.report(ServiceAlert("loop_stalled", Level.CRITICAL, "no cycle for 61 s", dt.datetime.now(dt.UTC)))
operator.report(ServiceAlert("service_started", Level.NOTICE, "kept in quiet hours", dt.datetime.now(dt.UTC)))
while len(list(home.rglob("*.json"))) < (2 if quiet else 1):
    time.sleep(0.01)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_critical_message_survives_a_kill_and_is_delivered_by_the_next_start(
    tmp_path: Path, phone: JsonService
) -> None:
    """OP-403: the channel did not answer while the process lived."""
    (tmp_path / "paper").mkdir()
    with json_service(answers=False) as silent:
        line = [sys.executable, "-c", DYING, str(tmp_path), url(silent), ""]
        died = subprocess.run(line, capture_output=True, text=True, timeout=100, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr

    heir = operator_of(settings_of(tmp_path, phone), Mode.PAPER, tmp_path / "paper" / "paper.sqlite", NOBODY, LOG)

    assert phone.wait_for("CRITICAL PAPER: Loop stalled")
    heir.close()
    assert len(phone.titles) == 1
    assert not list(tmp_path.rglob("*.json"))


def test_what_quiet_hours_hold_survives_a_kill_and_is_delivered_by_the_next_start(
    tmp_path: Path, phone: JsonService
) -> None:
    """OP-403: on paper a critical message waits for their end too."""
    (tmp_path / "paper").mkdir()
    now = dt.datetime.now(NEW_YORK)
    around_now = f"{now - dt.timedelta(hours=6):%H:%M}-{now + dt.timedelta(hours=6):%H:%M}"
    line = [sys.executable, "-c", DYING, str(tmp_path), url(phone), around_now]
    died = subprocess.run(line, capture_output=True, text=True, timeout=100, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert phone.titles == []

    heir = operator_of(settings_of(tmp_path, phone), Mode.PAPER, tmp_path / "paper" / "paper.sqlite", NOBODY, LOG)

    assert phone.wait_for("CRITICAL PAPER: Loop stalled")
    assert phone.wait_for("NOTICE PAPER: Service started")
    heir.close()
    assert len(phone.titles) == 2
    assert not list(tmp_path.rglob("*.json"))


# -- the service -------------------------------------------------------------------------------------------------------


def test_a_service_that_cannot_start_its_loop_raises_its_alarm_on_the_channels(
    tmp_path: Path, phone: JsonService
) -> None:
    """The whole service in simulated time, from 25 minutes before the open to the open."""
    open_at = new_york(dt.date(2026, 3, 3), dt.time(9, 30))
    clock = JumpingClock(open_at - dt.timedelta(minutes=25))
    clock.events.append((open_at, lambda: os.kill(os.getpid(), signal.SIGTERM)))
    channel = {"name": "phone", "url": url(phone), "level": "warning"}
    configuration = configure(
        [
            {
                "storage.home": tmp_path,
                "account.broker": "tradier",
                "alerts.channels": [channel],
                "health.webhook_paper": f"http://127.0.0.1:{phone.port}/loop",
            }
        ]
    )

    code = run_service(
        configuration, NOBODY, ServiceAsk(), again=lambda: configuration, clock=clock, calendar=FakeCalendar(),
        check=lambda: (failed("broker", f"does not answer {TOKEN}", "wait"),),
    )  # fmt: skip

    assert code == 0
    assert phone.titles == ["WARNING PAPER: Doctor red", "CRITICAL PAPER: Cannot start"]
    assert phone.messages[1]["message"].startswith("broker: does not answer ***; tried again every 5 min")
    assert "/loop/fail" in phone.paths


def test_channels_are_read_again_on_sighup_and_a_file_that_is_refused_changes_none(
    tmp_path: Path, phone: JsonService
) -> None:
    """OP-207: also an alarm that stands goes to the new channel."""
    beside = tmp_path / "paper.sqlite"

    def configured(service: JsonService, **given: object) -> Configuration:
        channel = {"name": "phone", "url": url(service), **given}
        return configure([{"storage.home": tmp_path, "alerts.channels": [channel]}])

    with json_service() as new_phone:
        operator = ServiceOperator(configured(phone).settings, Mode.PAPER, beside, NOBODY, LOG)
        operator.report(ServiceAlert("not_armed", Level.CRITICAL, "", dt.datetime.now(dt.UTC)))
        assert phone.wait_for("Not armed")

        refusals = [
            operator.read_again(lambda: configured(phone, level="shrill")),
            operator.read_again(lambda: configured(phone, url="nothing://SECRET")),
            operator.read_again(lambda: configured(phone, url="", url_from="NO_SUCH")),
        ]
        operator.report(ServiceAlert("service_reload", Level.WARNING, "", dt.datetime.now(dt.UTC)))
        assert phone.wait_for("Service reload")
        assert operator.read_again(lambda: configured(phone)) == ""
        assert operator.read_again(lambda: configured(new_phone)) == ""
        assert new_phone.wait_for("CRITICAL PAPER: Not armed")
        operator.report(ServiceAlert("service_stopped", Level.NOTICE, "", dt.datetime.now(dt.UTC)))
        assert new_phone.wait_for("Service stopped")
        operator.close()

    assert all(word in refusal for word, refusal in zip(("level", "channel phone", "NO_SUCH"), refusals, strict=True))
    assert "SECRET" not in "".join(refusals)
    assert phone.titles == ["CRITICAL PAPER: Not armed", "WARNING PAPER: Service reload"]


def test_a_network_that_stays_away_is_told_on_the_channels_before_a_day_is_opened(
    gammacore: CommandLine, phone: JsonService
) -> None:
    """OP-202."""
    from gammacore_cli.frame import Frame
    from gammacore_cli.network import alerting

    Path("gammacore.toml").write_text(channels_toml(phone=url(phone)))
    frame = Frame(config=None, as_json=False, quiet=True, debug=False, log_level=None)

    alerting(frame, Mode.PAPER)("network_down: the broker could not be reached for 315 s")

    assert phone.titles == ["WARNING PAPER: Network down"]
    assert phone.messages[0]["message"] == "the broker could not be reached for 315 s"


@pytest.mark.parametrize("code", ["cannot_start", "loop_stalled", "stopped_with_holdings", "not_armed", "loop_failed"])
def test_what_a_service_reports_arrives_and_its_watchdog_is_told(tmp_path: Path, phone: JsonService, code: str) -> None:
    pings = f"http://127.0.0.1:{phone.port}"
    settings = settings_of(
        tmp_path, phone, health__webhook_paper=f"{pings}/loop", health__service_paper=f"{pings}/service"
    )
    operator = operator_of(settings, Mode.PAPER, tmp_path / "paper.sqlite", NOBODY, LOG)

    operator.report(ServiceAlert(code, Level.CRITICAL, "as told", NOON))
    operator.report(ServiceAlert("no_session", Level.INFO, "a holiday", NOON))
    operator.close()

    assert phone.titles == [f"CRITICAL PAPER: {code.replace('_', ' ').capitalize()}"]
    assert "/loop/fail" in phone.paths
    assert "/service" in phone.paths


def test_a_day_that_the_loop_has_summed_up_is_summed_up_once(tmp_path: Path, phone: JsonService) -> None:
    """OP-406."""
    from gammacore.wiring.alerts.channels import summaries_of

    beside = tmp_path / "paper.sqlite"
    operator = operator_of(settings_of(tmp_path, phone), Mode.PAPER, beside, NOBODY, LOG)

    operator.report(ServiceAlert("day_summary", Level.NOTICE, "2 trades", NOON))
    assert summaries_of(beside).first_summary_of(dt.date(2026, 3, 4))
    operator.report(ServiceAlert("day_summary", Level.NOTICE, "2 trades", NOON + dt.timedelta(days=1)))
    operator.close()

    assert phone.titles == ["NOTICE PAPER: Day summary"]


def test_an_acknowledged_alarm_is_noted_beside_the_ledger_and_touches_no_ledger(
    gammacore: CommandLine, tmp_path: Path
) -> None:
    paper = tmp_path / ".gammacore" / "paper"
    paper.mkdir(parents=True)
    (paper / "paper.sqlite").write_bytes(b"a ledger")

    document = gammacore.document("alerts", "ack")

    assert [Path(place).name for place in document["acknowledged"]] == ["paper.sqlite"]
    assert (paper / "paper.sqlite").read_bytes() == b"a ledger"
    assert {file.name for file in paper.iterdir()} == {"paper.sqlite", "paper.sqlite.alerts.acknowledged"}


def test_the_service_itself_tells_its_start_and_its_end(
    gammacore: CommandLine, phone: JsonService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path("gammacore.toml").write_text(
        channels_toml(phone=url(phone)) + f'[account]\nbroker = "tradier"\n[health]\n'
        f'service_paper = "http://127.0.0.1:{phone.port}/service"\n'
    )
    monkeypatch.setenv("TRADIER_SANDBOX_TOKEN", "t")
    monkeypatch.setenv("TRADIER_SANDBOX_ACCOUNT", "VA1234567")
    line = [sys.executable, "-m", "gammacore", "service", "--debug"]
    running = subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert phone.wait_for("NOTICE PAPER: Service started")
        assert phone.wait_for("/service/start")
        file = tmp_path / "gammacore.toml"
        file.write_text(file.read_text().replace('name = "phone"', 'name = "phone"\nlevel = "shrill"'))
        running.send_signal(signal.SIGHUP)
        assert phone.wait_for("WARNING PAPER: Service reload")
        assert "level" in phone.messages[-1]["message"]
    finally:
        running.send_signal(signal.SIGTERM)
        said, _ = running.communicate(timeout=60)

    assert running.returncode == 0, said
    assert "NOTICE PAPER: Service stopped" in phone.titles
    logs = "".join(file.read_text() for file in (tmp_path / ".gammacore" / "logs").iterdir())
    assert TOKEN not in said + logs
