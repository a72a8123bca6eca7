"""The ways an alert takes on this host: through a relay, into the inbox."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.alert import Alert, Telling
from gameday.clock import Interval
from gameday.scenario.inbox import Inbox
from gameday.systems.reference.relay import relay


def telling(starts_at: str, *, receiver: str = "page", fingerprint: str = "f") -> Telling:
    told = Telling.of(receiver=receiver, fingerprint=fingerprint, starts_at=starts_at)
    assert told is not None
    return told


def alert(told: Telling | None) -> Alert:
    return Alert(id="a", name="n", severity="page", labels={}, fields={}, received=Interval(1.0, 1.0), telling=told)


NOON = telling("2026-01-01T12:00:00.123Z")
LATER = telling("2999-01-01T12:00:00.123Z")


def test_the_webhook_and_the_api_of_alertmanager_say_the_same_moment_in_other_words() -> None:
    assert telling("2026-01-01T12:00:00.123999999Z") == NOON
    assert telling("2026-01-01T13:00:00.1239+01:00") == NOON
    assert telling("2026-01-01T12:00:00.124Z") != NOON


@pytest.mark.parametrize("starts_at", ["", "yesterday", "2026-01-01T12:00:00"])
def test_an_alert_whose_start_cannot_be_read_is_nobody_s_telling(starts_at: str) -> None:
    assert Telling.of(receiver="page", fingerprint="f", starts_at=starts_at) is None
    assert Telling.of(receiver="page", fingerprint="", starts_at="2026-01-01T12:00:00Z") is None


@given(st.text(max_size=40))
def test_no_start_breaks_the_reading_of_an_alert(starts_at: str) -> None:
    Telling.of(receiver="page", fingerprint="f", starts_at=starts_at)


def test_an_alert_that_is_told_again_with_its_group_is_let_pass_and_one_to_another_receiver_is_not() -> None:
    inbox = Inbox()
    other = telling("2026-01-01T12:00:00.123Z", receiver="tickets")
    for told in (NOON, NOON, other):
        inbox.put(alert(told))
    assert [one.telling for one in inbox.take()] == [NOON, other]
    inbox.put(alert(NOON))
    assert inbox.take() == []


def test_alerts_of_which_nothing_says_that_they_are_the_same_are_all_kept() -> None:
    inbox = Inbox()
    inbox.put(alert(None))
    inbox.put(alert(None))
    assert len(inbox.take()) == 2


def test_what_was_told_stays_told_after_it_was_taken() -> None:
    inbox = Inbox()
    assert inbox.has_been_told(frozenset())
    assert not inbox.has_been_told({LATER})
    inbox.put(alert(LATER))
    inbox.clear()
    assert inbox.has_been_told({LATER})


def test_what_an_earlier_run_was_told_is_waited_for_by_nobody() -> None:
    assert Inbox().has_been_told({NOON})
    assert not Inbox().has_been_told({NOON, LATER})


@contextmanager
def upstream(says: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(says + body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def post(address: str, body: bytes) -> bytes:
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("POST", "/", body)
        return connection.getresponse().read()
    finally:
        connection.close()


def test_a_relay_leads_each_request_to_whoever_is_behind_it_then() -> None:
    large = b"x" * 500_000
    behind = [""]
    with relay("127.0.0.1", to=lambda: behind[-1]) as address, upstream(b"1") as one, upstream(b"2") as two:
        behind.append(one)
        assert post(address, large) == b"1" + large
        behind.append(two)
        assert post(address, b"") == b"2"


@pytest.mark.parametrize("to", ["", "127.0.0.1:1"])
def test_where_nobody_is_behind_a_relay_the_caller_learns_it_at_once(to: str) -> None:
    with relay("127.0.0.1", to=lambda: to) as address, pytest.raises((http.client.HTTPException, ConnectionError)):
        post(address, b"")
