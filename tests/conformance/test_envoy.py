"""What Envoy does for gameday on both runtimes: a hop with a tap that a fault opens and a stranger closes; and the tap's sink."""

import base64
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest
from attrs import frozen

from gameday.canary.find import Finder
from gameday.canary.key import load_or_make
from gameday.canary.minting import mint
from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable, SystemUnreachable
from gameday.faults import Fault, MeshTap, Undo, undo
from gameday.place import Place
from gameday.runtime.base import Layout, Running, Runtime
from gameday.runtime.embedded import find_binary
from gameday.servers import envoy
from gameday.servers.envoy import ABORTS, TAP, Envoy, EnvoyAdmin, access_log, admin, taps
from gameday.sighting import Record
from gameday.sinks import SINKS, Sink
from gameday.sinks.envoy_tap import Exchange
from gameday.systems.base import Mesh
from gameday.systems.powers import settings_from_ref
from gameday.wait import poll_until
from tests.conformance.conftest import require_servers
from tests.conformance.test_servers import Upstream

TEXT: Final = "planted, and harmless"
PORTS: Final = {"http": 2, "admin": 3}
INSIDE: Final = Layout(folder="/gameday", ports=PORTS, bind="0.0.0.0", host="172.18.0.1")  # noqa: S104 - in a container
OUTSIDE: Final = Layout(folder="/x", ports=PORTS, bind="127.0.0.1", host="127.0.0.1")


@frozen
class Hop:
    upstream: Upstream
    running: Running

    def post(self, body: str, *, request_id: str, path: str = "/v1/chat") -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.running.addresses["http"], timeout=5)
        headers = {"X-Request-Id": request_id, "X-Ask-Id": request_id, "Authorization": "Bearer sesame"}
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        answer = response.read().decode()
        connection.close()
        return response.status, answer

    def logged(self, request_id: str) -> dict[str, object]:
        def look() -> dict[str, object] | None:
            lines = [json.loads(line) for line in access_log(self.running).read_text().splitlines()]
            return next((line for line in lines if line["request_id"] == request_id), None)

        return poll_until(look, what=f"{request_id} in the access log", every_s=0.01, within_s=5).value

    def sink(self) -> Sink:
        return tap_sink(taps(self.running))

    def tapped(self, request_id: str) -> Record:
        def look() -> Record | None:
            return next((record for record in self.sink().records() if record.request_id == request_id), None)

        return poll_until(look, what=f"{request_id} in the tap", every_s=0.02, within_s=5).value


def tap_sink(folder: Path, *, request_id: str = "") -> Sink:
    config = SinkConfig(place="mesh/tap", kind="envoy-tap", path=str(folder), request_id=request_id)
    return SINKS["envoy-tap"](config)


@pytest.fixture(scope="module")
def hop(on: str, new_runtime: Callable[[], Runtime]) -> Iterator[Hop]:
    require_servers(on, Envoy(1))
    with new_runtime() as runtime, Upstream(runtime.host_addresses) as upstream:
        yield Hop(upstream, runtime.start(Envoy(lambda: upstream.port)))


@pytest.fixture
def fault(hop: Hop) -> Iterator[Fault]:
    settings = admin(hop.running)
    yield MeshTap(Mesh(settings=settings, key=TAP, tap=Place(name="mesh/tap")))
    settings.set(TAP, b"0")


def test_the_version_is_pinned_and_is_what_runs(hop: Hop) -> None:
    assert Envoy(1).image == "envoyproxy/envoy:v1.40.0"
    assert hop.running.version.lstrip("v") == "1.40.0"


def test_the_wheels_program_is_found_and_not_the_script_that_wraps_it(on: str) -> None:
    if on == "embedded":
        require_servers(on, Envoy(1))
        assert find_binary(Envoy(1).program).path.parts[-2:] == ("_bin", "envoy")


def test_a_request_reaches_a_program_of_this_host_and_is_logged_without_what_it_says(hop: Hop) -> None:
    status, answer = hop.post(TEXT, request_id="plain", path=f"/v1/chat?{TEXT.replace(' ', '+')}")
    assert (status, answer) == (200, TEXT)
    line = hop.logged("plain")
    assert (line["status"], line["path"]) == (200, "/v1/chat")
    raw = access_log(hop.running).read_text()
    assert not [text for text in ("planted", "sesame") if text in raw]
    assert access_log(hop.running).stat().st_mode & 0o777 == 0o600


def test_nothing_is_tapped_until_a_fault_opens_the_tap_and_nothing_after_it_is_undone(hop: Hop, fault: Fault) -> None:
    hop.post(f"{TEXT} before", request_id="before")
    plan = fault.plan()
    assert not fault.is_active()
    assert fault.inject().width_s >= 0
    assert fault.is_active()
    hop.post(f"{TEXT} during", request_id="during")
    assert f"{TEXT} during".encode() in hop.tapped("during").body
    assert undo(fault.settings, plan)
    assert not undo(fault.settings, plan)
    assert not fault.is_active()
    hop.post(f"{TEXT} after", request_id="after")
    hop.logged("after")  # the exchange is over, and what would have been tapped is there
    said = b"".join(record.body for record in hop.sink().records())
    assert b"harmless before" not in said
    assert b"harmless after" not in said


def test_a_stranger_closes_the_tap_from_the_journal_alone(hop: Hop, fault: Fault) -> None:
    written = msgspec.json.encode(fault.plan())
    fault.inject()
    plan = msgspec.json.decode(written, type=Undo)
    assert undo(settings_from_ref(plan.ref), plan)
    assert not fault.is_active()


def test_an_undo_leaves_alone_what_somebody_else_set(fault: Fault) -> None:
    plan = fault.plan()
    fault.inject()
    fault.settings.set(TAP, b"5")
    assert not undo(fault.settings, plan)
    assert fault.settings.get(TAP) == b"5"


def test_a_tap_says_where_it_leaks_to(fault: Fault) -> None:
    assert fault.leaks_to == (fault.origin.name,) == ("mesh/tap",)


def test_the_tap_works_on_connections_that_are_open_already(hop: Hop, fault: Fault) -> None:
    connection = http.client.HTTPConnection(hop.running.addresses["http"], timeout=5)
    for request_id, is_on in (("open-1", False), ("open-2", True)):
        if is_on:
            fault.inject()
        connection.request("POST", "/", TEXT, {"X-Request-Id": request_id})
        connection.getresponse().read()
    connection.close()
    assert TEXT.encode() in hop.tapped("open-2").body
    assert "open-1" not in {record.request_id for record in hop.sink().records()}


@pytest.mark.parametrize("is_tapped", [False, True])
def test_a_stream_is_passed_on_as_it_comes_whether_it_is_tapped_or_not(
    hop: Hop, fault: Fault, *, is_tapped: bool
) -> None:
    if is_tapped:
        fault.inject()
    hop.upstream.go_on.clear()
    connection = http.client.HTTPConnection(hop.running.addresses["http"], timeout=5)
    connection.request("GET", "/v1/stream", headers={"X-Request-Id": f"stream-{is_tapped}"})
    response = connection.getresponse()
    assert response.readline() == b"data: first\n"
    hop.upstream.go_on.set()
    assert response.read() == b"\ndata: second\n\n"
    connection.close()
    if is_tapped:
        assert rb"data: first\n\ndata: second" in hop.tapped("stream-True").body


def test_a_denied_path_is_refused_and_the_log_says_by_which_rule(on: str, runtime: Runtime) -> None:
    require_servers(on, Envoy(1))
    with Upstream(runtime.host_addresses) as upstream:
        guarded = Hop(upstream, runtime.start(Envoy(upstream.port, denied=("/blocked",))))
        assert guarded.post("", request_id="denied", path="/blocked/x")[0] == 403
        assert "rbac_access_denied_matched_policy[denied]" in str(guarded.logged("denied")["details"])
        assert guarded.post("", request_id="let pass", path="/free")[0] == 200


def test_requests_are_answered_with_an_error_while_a_switch_says_so(hop: Hop) -> None:
    control = admin(hop.running)
    control.set(ABORTS, b"100")
    try:
        assert hop.post("", request_id="aborted")[0] == 503
    finally:
        control.set(ABORTS, b"0")
    assert hop.post("", request_id="healed")[0] == 200


def test_a_key_that_is_not_there_is_none_and_cannot_be_set(hop: Hop) -> None:
    control = admin(hop.running)
    assert control.get("no.such.key") is None
    with pytest.raises(SystemUnreachable, match="no runtime key"):
        control.set("no.such.key", b"1")
    with pytest.raises(SystemUnreachable, match="number or text"):
        control.set(TAP, b"{}")
    assert control.get(TAP) == b"0"


def test_an_admin_api_that_is_not_there_or_not_envoys_is_unreachable(hop: Hop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(SystemUnreachable, match="does not answer"):
        EnvoyAdmin(f"http://127.0.0.1:{port}").get(TAP)
    with pytest.raises(SystemUnreachable):
        EnvoyAdmin(f"http://{hop.running.addresses['http']}").get(TAP)


@pytest.mark.parametrize("ref", ["", "envoy:", "http://127.0.0.1:1", "caddy:http://127.0.0.1:1"])
def test_a_ref_of_something_else_is_refused(ref: str) -> None:
    with pytest.raises(SystemUnreachable, match="not an Envoy admin API"):
        EnvoyAdmin.from_ref(ref)


@pytest.mark.parametrize("layout", [INSIDE, OUTSIDE])
def test_it_keeps_to_its_folder_and_its_ports(layout: Layout) -> None:
    text = json.dumps(envoy.config(layout, 7))
    assert f'"path": "{layout.folder}/access.log"' in text
    assert f'"path_prefix": "{layout.folder}/taps/tap"' in text
    assert f'"address": "{layout.host}", "port_value": 7' in text
    for port in (2, 3):
        assert f'"address": "{layout.bind}", "port_value": {port}' in text


# ---- the sink


def test_a_tapped_exchange_is_read_with_its_id_its_stamp_and_both_bodies(hop: Hop, fault: Fault) -> None:
    fault.inject()
    hop.post(TEXT, request_id="both")
    record = hop.tapped("both")
    assert record.body.count(TEXT.encode()) == 2
    assert record.locator.startswith("tap_")
    assert record.stamp_s == pytest.approx((taps(hop.running) / record.locator).stat().st_mtime)


@pytest.mark.parametrize("form", ["JSON_BODY_AS_STRING", "JSON_BODY_AS_BYTES", "PROTO_BINARY", "PROTO_TEXT"])
@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_prompt_is_found_in_every_format_of_a_tap(
    on: str, runtime: Runtime, tmp_path: Path, form: str, *, is_streamed: bool
) -> None:
    if is_streamed and form == "PROTO_BINARY":
        form = "PROTO_BINARY_LENGTH_DELIMITED"  # Envoy streams no other binary one
    require_servers(on, Envoy(1))
    key = load_or_make(tmp_path / "site.key")
    (canary,) = mint(count=1, key=key, seed=1)
    with pytest.MonkeyPatch.context() as patch, Upstream(runtime.host_addresses) as upstream:
        output = envoy._tap_output
        patch.setattr(envoy, "_tap_output", lambda layout: tap_output(output(layout), form, is_streamed=is_streamed))
        hop = Hop(upstream, runtime.start(Envoy(upstream.port)))
        admin(hop.running).set(TAP, b"100")
        hop.post(json.dumps({"messages": [{"role": "user", "content": canary.text}]}), request_id="r1")
        found = poll_until(
            lambda: found_in(hop.sink(), Finder(key, [canary])) or None, what="a canary", every_s=0.05, within_s=5
        )
    assert found.value == {canary.id}


def tap_output(settings: dict[str, object], form: str, *, is_streamed: bool) -> dict[str, object]:
    (sink,) = msgspec.convert(settings["sinks"], list[dict[str, object]])
    return {**settings, "streaming": is_streamed, "sinks": [{**sink, "format": form}]}


def found_in(sink: Sink, finder: Finder) -> set[str]:
    looks = [finder.find(record.body, chains=True) for record in sink.records()]
    assert all(look.is_complete for look in looks)
    return {sighting.canary for look in looks for sighting in look.sightings}


def write(folder: Path, name: str, *documents: object) -> Path:
    path = folder / name
    path.write_text("\n".join(json.dumps(document, indent=1) for document in documents))
    return path


def segment(**part: object) -> object:
    return {"http_streamed_trace_segment": {"trace_id": "7", **part}}


def test_a_streamed_body_in_base64_pieces_is_put_together(tmp_path: Path) -> None:
    headers = {"headers": [{"key": "X-Request-Id", "value": "r7", "raw_value": ""}]}
    halves = [base64.b64encode(half.encode()).decode() for half in (TEXT[:9], TEXT[9:])]
    pieces = [segment(request_body_chunk={"as_bytes": half, "truncated": False}) for half in halves]
    write(tmp_path, "tap_7.json", segment(request_headers=headers), *pieces)
    (record,) = tap_sink(tmp_path).records()
    assert TEXT.encode() in record.body
    assert (record.request_id, record.locator, record.stamp_s) == ("r7", "tap_7.json", None)


def test_a_file_that_is_not_written_to_its_end_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "tap_1.json").write_text('{"http_buffered_trace": {"request": {"body": {"as_string": "' + TEXT)
    (record,) = tap_sink(tmp_path).records()
    assert TEXT.encode() in record.body


def test_a_capture_that_is_not_json_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "tap_1.pb").write_bytes(b"\x0a\xff" + TEXT.encode())
    (record,) = tap_sink(tmp_path).records()
    assert TEXT.encode() in record.body


def test_another_header_may_name_the_request(tmp_path: Path) -> None:
    headers = [{"key": "x-trace", "value": "t1"}, {"key": "x-request-id", "value": "r1"}]
    write(tmp_path, "tap_1.json", {"http_buffered_trace": {"request": {"headers": headers}}})
    assert [record.request_id for record in tap_sink(tmp_path).records()] == ["r1"]
    assert [record.request_id for record in tap_sink(tmp_path, request_id="X-Trace").records()] == ["t1"]


def test_a_later_look_reads_what_is_new_and_what_has_grown(tmp_path: Path) -> None:
    write(tmp_path, "tap_1.json", {"one": 1})
    (first,) = tap_sink(tmp_path).records()
    (again,) = tap_sink(tmp_path).records(after=first.cursor)  # it changed just now, and might change again
    write(tmp_path, "tap_2.json", {"two": TEXT})
    assert any(TEXT.encode() in record.body for record in tap_sink(tmp_path).records(after=again.cursor))


def test_what_has_settled_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gameday.sinks.envoy_tap._SETTLED_S", -1.0)
    write(tmp_path, "tap_1.json", {"one": 1})
    (first,) = tap_sink(tmp_path).records()
    assert list(tap_sink(tmp_path).records(after=first.cursor)) == []
    write(tmp_path, "tap_1.json", {"one": 1, "more": TEXT})
    (grown,) = tap_sink(tmp_path).records(after=first.cursor)
    assert TEXT.encode() in grown.body


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert list(tap_sink(tmp_path).records()) == []


def test_a_locator_never_quotes_a_name_that_envoy_did_not_give(tmp_path: Path) -> None:
    (tmp_path / TEXT).write_text("x")
    (record,) = tap_sink(tmp_path).records()
    assert "planted" not in record.locator
    assert TEXT.encode() in record.body


def test_what_cannot_be_looked_at_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SinkUnreadable):
        list(tap_sink(tmp_path / "nowhere").records())
    (tmp_path / "inner").mkdir()
    with pytest.raises(SinkUnreadable, match="not a file"):
        list(tap_sink(tmp_path).records())
    (tmp_path / "inner").rmdir()
    (tmp_path / "tap_1.json").write_bytes(b"x" * 9)
    monkeypatch.setattr("gameday.sinks.envoy_tap.MAX_FILE_BYTES", 8)
    with pytest.raises(SinkUnreadable, match="more than 8 bytes"):
        list(tap_sink(tmp_path).records())


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 100_000, b'{"a":' * 5_000, b"\xff\xfe{}", b'{"as_bytes":"?"}'])
def test_no_capture_breaks_the_reader(raw: bytes) -> None:
    assert Exchange.read(raw).headers == {}
