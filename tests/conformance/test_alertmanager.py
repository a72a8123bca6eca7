"""What Alertmanager does for the framework, on both runtimes."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from attrs import frozen

from gameday import clock
from gameday.alert import Alert
from gameday.config import DetectorConfig
from gameday.detect.receiver import Receiver
from gameday.errors import ConfigError, ServerFailed, SystemUnreachable
from gameday.runtime.base import Layout, Running, Runtime
from gameday.scenario.inbox import Inbox
from gameday.servers.alertmanager import Alertmanager
from gameday.servers.alertmanager_api import AlertmanagerAPI, Posted
from gameday.servers.http_api import HttpApi
from gameday.shipped import shipped
from gameday.systems.reference.alerting import Alerting, alerting
from gameday.wait import poll_until
from tests.conformance.conftest import require_servers

PIPELINE = shipped("fixtures/pipeline")
ROUTES = (PIPELINE / "alertmanager.yml").read_text()
SERVER = Alertmanager(config=ROUTES, webhook="http://127.0.0.1:1/")


@frozen
class Routed:
    """The pipeline's alert routing, and a receiver on loopback, that runs."""

    runtime: Runtime
    alerting: Alerting
    running: Running
    inbox: Inbox
    arrived: list[Alert]

    @property
    def api(self) -> AlertmanagerAPI:
        return AlertmanagerAPI(self.alerting.url)

    def told(self, request: str) -> Alert:
        def look() -> Alert | None:
            self.arrived.extend(self.inbox.take())
            return next((alert for alert in self.arrived if alert.labels.get("request_id") == request), None)

        return poll_until(look, what=f"the alert about {request}", every_s=0.005, within_s=10).value

    def quiet(self) -> None:
        """Returns once Alertmanager owes nobody anything."""
        poll_until(
            lambda: True if self.inbox.has_been_told(self.api.owed()) else None,
            what="all was told",
            every_s=0.01,
            within_s=10,
        )


@pytest.fixture(scope="module")
def routed(on: str, new_runtime: Callable[[], Runtime]) -> Iterator[Routed]:
    require_servers(on, SERVER)
    problems: list[str] = []
    inbox = Inbox()
    receiver = Receiver(DetectorConfig(), on_alert=inbox.put, on_problem=problems.append)
    with new_runtime() as runtime, alerting(runtime, pipeline=PIPELINE, webhook=receiver.url) as routing:
        running = routing.start()
        assert running is not None
        yield Routed(runtime, routing, running, inbox, [])
    receiver.close()
    assert problems == []


@pytest.fixture
def fresh(routed: Routed) -> Routed:
    routed.alerting.reset()
    routed.inbox.clear()
    routed.arrived.clear()
    return routed


def leak(request: str, *, data: str = "secret", **labels: str) -> Posted:
    labels = {"service": "gateway/log", "tenant": "acme", "priority": "P1", "severity": "page"} | labels
    return Posted(
        labels={"alertname": "SecretInLog", "request_id": request, "data": data, **labels},
        annotations={"summary": "a summary"},
        startsAt=datetime.fromtimestamp(clock.now().wall_s, UTC).isoformat(timespec="microseconds"),
    )


def test_what_runs_is_what_is_pinned(routed: Routed) -> None:
    assert "0.34.2" in routed.running.version
    assert routed.running.digest.startswith("sha256:")


def test_it_keeps_to_its_folder_and_ports_and_waits_for_no_peers() -> None:
    layout = Layout(folder="/x", ports={"http": 20000}, bind="127.0.0.1", host="127.0.0.1")
    command = SERVER.command(layout)
    assert {"--storage.path=/x/data", "--web.listen-address=127.0.0.1:20000"} <= set(command)
    assert "--cluster.listen-address=" in command
    assert {file for file in SERVER.files(layout) if f"/x/{file}" in " ".join(command)} == {"alertmanager.yml"}


def test_a_leak_is_told_to_the_page_with_its_request_place_and_start(fresh: Routed) -> None:
    fresh.api.post([leak("r1")])
    alert = fresh.told("r1")
    assert (alert.name, alert.severity, alert.receiver) == ("SecretInLog", "page", "page")
    assert alert.fields == {"request_id": "r1", "place": "gateway/log"}
    assert alert.annotations == {"summary": "a summary"}
    assert alert.posted is not None
    assert alert.posted.latest_s < alert.received.earliest_s
    assert alert.telling in fresh.api.owed()


@pytest.mark.parametrize("data", ["secret", "pii", "cross-tenant"])
def test_secrets_personal_data_and_other_tenants_text_are_paged(fresh: Routed, data: str) -> None:
    fresh.api.post([leak("r1", data=data)])
    assert fresh.told("r1").receiver == "page"


def test_the_rest_becomes_a_ticket(fresh: Routed) -> None:
    fresh.api.post([leak("low", priority="P3"), leak("metric", data="analytics")])
    assert {fresh.told("low").receiver, fresh.told("metric").receiver} == {"tickets"}


def test_a_tagged_capture_of_a_developer_is_told_to_nobody_but_one_in_production_is(fresh: Routed) -> None:
    tagged = {"capture": "development"}
    fresh.api.post([leak("dev", environment="development", **tagged), leak("prod", environment="production", **tagged)])
    fresh.told("prod")
    fresh.quiet()
    assert fresh.inbox.take() == []
    assert {alert.labels["request_id"] for alert in fresh.api.alerts()} == {"dev", "prod"}


def test_the_same_leak_is_told_once_and_the_next_of_its_group_too(fresh: Routed) -> None:
    first = leak("r1")
    fresh.api.post([first])
    fresh.told("r1")
    fresh.api.post([first])
    fresh.api.post([leak("r2")])
    fresh.told("r2")
    fresh.quiet()
    fresh.arrived.extend(fresh.inbox.take())
    assert [alert.labels["request_id"] for alert in fresh.arrived] == ["r1", "r2"]


def test_it_owes_what_waits_for_its_group_until_it_is_told(fresh: Routed) -> None:
    fresh.api.post([leak("r1")])
    fresh.told("r1")
    fresh.api.post([leak("r2")])
    assert {one.receiver for one in fresh.api.owed()} == {"page"}
    assert len(fresh.api.owed()) == 2
    fresh.quiet()
    assert [alert.labels["request_id"] for alert in fresh.inbox.take()] == ["r2"]


def test_a_reset_forgets_alerts_groups_and_what_was_told(fresh: Routed) -> None:
    fresh.api.post([leak("r1")])
    first = fresh.told("r1")
    fresh.alerting.reset()
    fresh.arrived.clear()
    assert fresh.api.alerts() == ()
    assert fresh.api.owed() == frozenset()
    fresh.api.post([leak("r1")])
    again = fresh.told("r1")
    assert again.labels == first.labels
    assert again.telling != first.telling


def silence(url: str) -> None:
    until = datetime.fromtimestamp(clock.now().wall_s + 600, UTC).isoformat()
    matcher = {"name": "tenant", "value": "acme", "isRegex": False, "isEqual": True}
    said = {"matchers": [matcher], "startsAt": until[:4] + "-01-01T00:00:00Z", "endsAt": until, "createdBy": "t"}
    body = msgspec.json.encode({**said, "comment": "t"})
    answer = HttpApi(url, what="Alertmanager").call(
        "POST", "/api/v2/silences", body=body, headers={"content-type": "application/json"}
    )
    assert answer.is_ok


def test_what_is_silenced_is_not_owed_until_a_reset_forgets_the_silence(fresh: Routed) -> None:
    assert not fresh.api.remembers_anything()
    silence(fresh.api.url)
    assert fresh.api.remembers_anything()
    fresh.api.post([leak("r1")])
    assert len(fresh.api.alerts()) == 1
    assert fresh.api.owed() == frozenset()
    fresh.alerting.reset()
    assert not fresh.api.remembers_anything()
    fresh.api.post([leak("r2")])
    assert fresh.told("r2").receiver == "page"


MUTED = """\
route: {receiver: page, group_wait: 0s, mute_time_intervals: [], routes: [
  {matchers: ['tenant="quiet"'], mute_time_intervals: [always], group_wait: 0s}]}
time_intervals: [{name: always, time_intervals: [{}]}]
receivers: [{name: page, slack_configs: [{api_url: "https://chat.invalid/x"}]}]
"""


def test_what_an_interval_mutes_is_owed_no_longer_than_until_its_group_is_due(
    on: str, new_runtime: Callable[[], Runtime], tmp_path: Path
) -> None:
    require_servers(on, SERVER)
    (tmp_path / "alertmanager.yml").write_text(MUTED)
    with new_runtime() as runtime, alerting(runtime, pipeline=tmp_path, webhook="http://127.0.0.1:1/") as routing:
        routing.start()
        api = AlertmanagerAPI(routing.url)
        api.post([leak("r1", tenant="quiet"), leak("r2")])
        owed = poll_until(
            lambda: api.owed() if len(api.owed()) < 2 else None, what="one is muted", every_s=0.01, within_s=10
        ).value
        (loud,) = (one for one in api.alerts() if one.labels["request_id"] == "r2")
        assert owed == {loud.told("page")}


def test_detectors_post_to_the_same_address_before_and_after_a_reset(fresh: Routed) -> None:
    before = fresh.alerting.url
    fresh.alerting.reset()
    assert fresh.alerting.url == before
    assert fresh.alerting.posts_to == f"{before}/api/v2/alerts"
    assert fresh.api.is_ready()


def test_an_alert_that_is_refused_is_not_quoted(fresh: Routed) -> None:
    with pytest.raises(SystemUnreachable, match="400") as caught:
        fresh.api.post([Posted(labels={"": "planted"})])
    assert "planted" not in str(caught.value)


def test_it_takes_its_file_over_again_and_keeps_the_last_good_one(fresh: Routed) -> None:
    fresh.api.reload()
    path = fresh.running.folder / "alertmanager.yml"
    good = path.read_text()
    path.write_text("route: {receiver: nobody-knows}\n")
    with pytest.raises(SystemUnreachable, match="500"):
        fresh.api.reload()
    path.write_text(good)
    fresh.api.post([leak("r1")])
    assert fresh.told("r1").receiver == "page"


def test_where_nobody_answers_the_client_says_so() -> None:
    api = AlertmanagerAPI("http://127.0.0.1:1")
    for call in (api.is_ready, api.alerts, api.owed, api.reload):
        with pytest.raises(SystemUnreachable):
            call()


def test_routes_that_alertmanager_refuses_are_shown_with_its_reason(
    on: str, new_runtime: Callable[[], Runtime], tmp_path: Path
) -> None:
    require_servers(on, SERVER)
    (tmp_path / "alertmanager.yml").write_text("route: {receiver: a}\nreceivers: [{name: b}]\n")
    with new_runtime() as runtime, alerting(runtime, pipeline=tmp_path, webhook="http://127.0.0.1:1/") as routing:
        with pytest.raises(ServerFailed, match="undefined receiver"):
            routing.start()
        (tmp_path / "alertmanager.yml").unlink()
    with (
        new_runtime() as runtime,
        pytest.raises(ConfigError, match="cannot be read"),
        alerting(runtime, pipeline=tmp_path, webhook="http://127.0.0.1:1/"),
    ):
        pytest.fail("it was taken")
