"""The reference detector, a real Alertmanager, and the receiver behind it: what is noticed arrives, and silence is an answer."""

import json
import secrets
import string
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from attrs import frozen

from gameday.alert import Alert
from gameday.config import DetectorConfig
from gameday.detect.receiver import Receiver
from gameday.errors import HarnessError
from gameday.runtime.base import Runtime
from gameday.runtime.watchdog import Watchdog
from gameday.scenario.inbox import Inbox
from gameday.scenario.silence import wait_for
from gameday.scenario.watching import Watching
from gameday.servers.alertmanager import Alertmanager
from gameday.shipped import shipped
from gameday.systems.reference.alerting import Alerting, alerting
from gameday.wait import NotInTime
from tests.conformance.conftest import require_servers

PIPELINE = shipped("fixtures/pipeline")


def secret() -> str:
    return "ghp_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(36))


@frozen
class Hop:
    log: Path
    detector: DetectorConfig
    alerting: Alerting
    inbox: Inbox

    def write(self, request: str, text: str) -> None:
        line = json.dumps({"ts": 1, "request_id": request, "tenant": "acme", "body": text})
        with self.log.open("a") as file:
            file.write(f"{line}\n")

    def silence(self) -> list[Alert]:
        """What has arrived by the time that silence would be an answer."""
        wait_for([self.detector], inbox=self.inbox, within_s=10)
        return self.inbox.take()


@pytest.fixture(scope="module")
def hop(
    on: str, new_runtime: Callable[[], Runtime], watchdog: Watchdog, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hop]:
    require_servers(on, Alertmanager(config="", webhook=""))
    root = tmp_path_factory.mktemp("hop")
    log, positions, inbox = root / "gw.log", root / "positions.json", Inbox()
    log.touch()
    receiver = Receiver(DetectorConfig(), on_alert=inbox.put, on_problem=lambda _: None)
    with (
        ExitStack() as stack,
        new_runtime() as runtime,
        alerting(runtime, pipeline=PIPELINE, webhook=receiver.url) as routing,
    ):
        watching = Watching(
            pipeline=PIPELINE, webhook=receiver.url, positions=positions, root=root, watchdog=watchdog, stack=stack
        )
        logs = [{"path": str(log), "service": "gateway/log", "request_id": "request_id"}]
        wait_for_watcher = watching.start(logs, posts_to=routing.posts_to)
        routing.start()
        wait_for_watcher()
        yield Hop(log, DetectorConfig(positions=str(positions), alertmanager=routing.url), routing, inbox)
    receiver.close()


@pytest.fixture
def fresh(hop: Hop) -> Hop:
    hop.silence()
    hop.alerting.reset()
    return hop


def test_what_the_detector_noticed_has_arrived_when_silence_would_be_an_answer(fresh: Hop) -> None:
    for number in range(5):
        fresh.write(f"r{number}", secret())
        assert [alert.fields["request_id"] for alert in fresh.silence()] == [f"r{number}"]


def test_an_alert_names_the_leak_and_carries_nothing_of_it(fresh: Hop) -> None:
    text = secret()
    fresh.write("named", f"the key is {text}")
    (alert,) = fresh.silence()
    assert (alert.receiver, alert.severity, alert.labels["tenant"]) == ("page", "page", "acme")
    assert alert.fields == {"request_id": "named", "place": "gateway/log"}
    assert alert.posted is not None
    said = json.dumps([dict(alert.labels), dict(alert.annotations)])
    assert text not in said
    assert "the key is" not in said


def test_what_is_no_secret_is_followed_by_silence(fresh: Hop) -> None:
    fresh.write("harmless", "the weather is fine")
    assert fresh.silence() == []


def test_a_leak_during_a_reset_is_told_after_it(fresh: Hop) -> None:
    fresh.write("before", secret())
    fresh.silence()
    fresh.alerting.reset()
    fresh.write("after", secret())
    assert [alert.fields["request_id"] for alert in fresh.silence()] == ["after"]


def test_silence_is_no_answer_while_alertmanager_owes_an_alert(fresh: Hop) -> None:
    fresh.write("told elsewhere", secret())
    with pytest.raises(NotInTime, match="1 alerts that it owes"):
        wait_for([fresh.detector], inbox=Inbox(), within_s=0.3)


def test_silence_is_no_answer_where_alertmanager_cannot_be_asked(fresh: Hop) -> None:
    gone = DetectorConfig(positions=fresh.detector.positions, alertmanager="http://127.0.0.1:1")
    with pytest.raises(HarnessError, match="does not answer"):
        wait_for([gone], inbox=fresh.inbox, within_s=0.3)
