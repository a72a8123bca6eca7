"""What Loki does for gameday, on both runtimes: its server, its two sinks, and the step that deletes from it."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from gameday import clock
from gameday.canary.families import CloudKeyPrompt
from gameday.canary.find import Finder
from gameday.canary.key import SiteKey
from gameday.canary.mint import Mint
from gameday.config import SinkConfig, load
from gameday.errors import ConfigError, SinkUnreadable, SystemUnreachable
from gameday.runtime.base import Running, Runtime
from gameday.runtime.tool import Finished, run_command
from gameday.servers.loki import Entry, Loki, MoreThanAPage, flush, paged, push, read, url_of
from gameday.sinks import SINKS, Plantable, Sink
from gameday.wait import poll_until
from tests.conformance.conftest import require_servers

TEXT = "planted, and harmless"
HOUR_NS = 3600 * 10**9
KEY = SiteKey(b"f" * 32)
NOWHERE = "http://127.0.0.1:1"


def now_ns() -> int:
    return int(clock.now().wall_s * 10**9)


@pytest.fixture(scope="module")
def loki(on: str, new_runtime: Callable[[], Runtime]) -> Iterator[Running]:
    require_servers(on, Loki())
    with new_runtime() as runtime:
        yield runtime.start(Loki())


@pytest.fixture
def lokis(on: str, new_runtime: Callable[[], Runtime]) -> Iterator[Runtime]:
    """Where a Loki of a test's own is started."""
    require_servers(on, Loki())
    with new_runtime() as runtime:
        yield runtime


def sink_of(running: Running, app: str, settle: str = "0s") -> Sink:
    query = f'{{app="{app}"}}'
    return SINKS["loki"](
        SinkConfig(place="logs", kind="loki", url=url_of(running), query=query, request_id="request.id", settle=settle)
    )


def files_of(running: Running) -> Sink:
    return SINKS["loki-files"](SinkConfig(place="volume", kind="loki-files", path=str(running.folder)))


def bodies(sink: Sink, after: str | None = None) -> list[bytes]:
    return [record.body for record in sink.records(after=after)]


def put(running: Running, line: str, app: str, *, at_ns: int | None = None, **metadata: str) -> None:
    push(url_of(running), line, labels={"app": app}, at_ns=at_ns or now_ns(), metadata=metadata)


def test_it_is_the_pinned_version_in_its_own_folder(loki: Running, on: str) -> None:
    built = httpx.get(f"{url_of(loki)}/loki/api/v1/status/buildinfo", trust_env=False).json()
    assert built["version"] == Loki().image.rpartition(":")[2]
    assert {path.name for path in loki.folder.iterdir()} >= {"chunks", "wal", "compactor", "loki.yaml"}


def test_an_acknowledged_line_is_answered_at_once(loki: Running) -> None:
    for number in range(20):
        put(loki, f"line {number}", "at-once")
        found = read(url_of(loki), '{app="at-once"}', start_ns=now_ns() - HOUR_NS, end_ns=now_ns() + 1)
        assert [entry.line for entry in found][-1] == f"line {number}"


def test_pages_lose_nothing_and_repeat_nothing_though_lines_share_stamps(loki: Running) -> None:
    base, wanted = now_ns() - 10**9, [f"line {number}" for number in range(700)]
    values = [[str(base + number // 7), line] for number, line in enumerate(wanted)]
    body = {"streams": [{"stream": {"app": "paged"}, "values": values}]}
    assert httpx.post(f"{url_of(loki)}/loki/api/v1/push", json=body, trust_env=False).status_code == 204
    found = read(url_of(loki), '{app="paged"}', start_ns=base, end_ns=now_ns(), page_lines=50)
    assert sorted(entry.line for entry in found) == sorted(wanted)


def test_more_lines_of_one_stamp_than_a_page_holds_cannot_be_read_past() -> None:
    entries = [Entry(at_ns=5, line=str(number), labels={}) for number in range(10)]
    assert len(list(paged(lambda start: [e for e in entries if e.at_ns >= start], start_ns=0, page_lines=11))) == 10
    with pytest.raises(MoreThanAPage):
        list(paged(lambda start: [e for e in entries if e.at_ns >= start][:10], start_ns=0, page_lines=10))


def test_a_line_stamped_long_ago_is_answered_once_it_is_flushed(loki: Running) -> None:
    put(loki, TEXT, "long-ago", at_ns=now_ns() - 24 * HOUR_NS)
    flush(url_of(loki))
    sink = sink_of(loki, "long-ago")
    poll_until(lambda: bodies(sink, after=None) or None, what="the old line", every_s=0.1, within_s=20)


def test_what_it_is_asked_and_told_is_not_in_its_own_log(loki: Running, on: str, lokis: Runtime) -> None:
    running = lokis.start(Loki())
    put(running, TEXT, "quiet", request_id="quiet-request")
    assert bodies(sink_of(running, "quiet"))
    assert "quiet" not in lokis.tail(running, 1000)


def test_one_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(SystemUnreachable):
        push(NOWHERE, TEXT, labels={"app": "a"}, at_ns=now_ns())
    with pytest.raises(SystemUnreachable):
        list(read(NOWHERE, "{}", start_ns=0, end_ns=1))
    with pytest.raises(SystemUnreachable):
        flush(NOWHERE)


def test_a_refusal_does_not_quote_what_was_refused(loki: Running) -> None:
    with pytest.raises(SystemUnreachable) as caught:
        push(url_of(loki), "x", labels={TEXT: TEXT}, at_ns=now_ns())
    assert TEXT not in str(caught.value)


def test_a_planted_line_is_read_with_all_that_is_kept_beside_it(loki: Running) -> None:
    at_ns = now_ns()
    put(loki, "a line", "planted", at_ns=at_ns, request_id="r-1", note=TEXT)
    put(loki, TEXT, "other")
    (record,) = sink_of(loki, "planted").records()
    assert record.body.startswith(b"a line\n")
    assert TEXT.encode() in record.body
    assert record.request_id == "r-1"
    assert abs((record.stamp_s or 0) - at_ns / 1e9) < 1e-5
    assert TEXT not in record.locator


def test_what_is_absent_is_not_read_and_a_sentinel_is(loki: Running) -> None:
    sink = sink_of(loki, "absent")
    put(loki, TEXT, "present")
    assert not any(TEXT.encode() in body for body in bodies(sink))
    assert isinstance(sink, Plantable)
    sink.plant("a-sentinel")
    assert any(b"a-sentinel" in body for body in bodies(sink))


def test_a_later_look_goes_on_and_sees_lines_that_arrive_late(loki: Running) -> None:
    sink, at_ns = sink_of(loki, "later"), now_ns()
    put(loki, "one", "later", at_ns=at_ns)
    (first,) = (record for record in sink.records() if record.body.startswith(b"one"))
    assert bodies(sink, after=first.cursor) == []
    put(loki, "stamped before", "later", at_ns=at_ns - 10**9)
    put(loki, "same stamp", "later", at_ns=at_ns)
    put(loki, "ahead", "later", at_ns=now_ns() + 60 * 10**9)
    second = list(sink.records(after=first.cursor))
    assert sorted(record.body.partition(b"\n")[0] for record in second) == [b"ahead", b"same stamp", b"stamped before"]
    put(loki, "the present", "later")
    third = list(sink.records(after=second[-1].cursor))
    assert [record.body.partition(b"\n")[0] for record in third] == [b"the present"]


def test_a_look_from_the_beginning_takes_nothing_from_the_one_that_goes_on(loki: Running) -> None:
    sink = sink_of(loki, "again")
    put(loki, "one", "again")
    first = list(sink.records())[-1]
    put(loki, "two", "again")
    assert any(body.startswith(b"two") for body in bodies(sink))
    assert [body.partition(b"\n")[0] for body in bodies(sink, after=first.cursor)] == [b"two"]


def test_another_sink_that_is_given_the_cursor_repeats_lines_rather_than_to_miss_one(loki: Running) -> None:
    put(loki, "one", "handed-over")
    first = list(sink_of(loki, "handed-over").records())[-1]
    put(loki, "two", "handed-over")
    names = {body.partition(b"\n")[0] for body in bodies(sink_of(loki, "handed-over"), after=first.cursor)}
    assert names >= {b"one", b"two"}


def test_a_loki_that_does_not_answer_could_not_be_looked_at() -> None:
    sink = SINKS["loki"](SinkConfig(place="logs", kind="loki", url=NOWHERE))
    with pytest.raises(SinkUnreadable):
        bodies(sink)
    assert isinstance(sink, Plantable)
    with pytest.raises(SinkUnreadable):
        sink.plant("a-sentinel")


@pytest.mark.parametrize(
    ("query", "is_fit"),
    [
        ('{app="gateway"}', True),
        ('{app=~"a|b", env!="x{1}"}', True),
        ('{app="gateway"} |= "text"', False),
        ('{app="a"} or {app="b"}', False),
        ("gateway", False),
    ],
)
def test_a_query_is_a_selector_of_streams_and_nothing_behind_it(tmp_path: Path, query: str, is_fit: bool) -> None:  # noqa: FBT001
    path = tmp_path / "gameday.toml"
    path.write_text(
        '[target]\nurl = "http://127.0.0.1:1/v1"\ntenants = {acme = "env:KEY"}\n'
        f"[[sink]]\nplace = 'logs'\nkind = 'loki'\nurl = 'http://127.0.0.1:2'\nquery = '{query}'\n"
    )
    if is_fit:
        assert load(path).sink[0].query == query
    else:
        with pytest.raises(ConfigError, match="no stream selector"):
            load(path)


def test_what_lies_on_the_volume_is_read_as_it_is(loki: Running) -> None:
    put(loki, TEXT, "on-volume")
    assert any(TEXT.encode() in body for body in bodies(files_of(loki))), "the write-ahead log holds it in clear"
    assert not any(b"nobody planted this" in body for body in bodies(files_of(loki)))


def test_the_finder_opens_what_loki_compressed(loki: Running) -> None:
    minted = Mint(KEY, run="run-1", seed=1, tenants=("acme",), day=100).canary(
        CloudKeyPrompt, tenant="acme", slot="user"
    )
    finder = Finder(KEY, [minted])
    put(loki, f"{'nothing of note ' * 500}{minted.text}{' or else' * 500}", "compressed")
    flush(url_of(loki))

    def found() -> bool | None:
        chunks = [record for record in files_of(loki).records() if record.locator.startswith("chunks/fake/")]
        return any(finder.find(record.body, chains=True).sightings for record in chunks) or None

    poll_until(found, what="the canary in a chunk", every_s=0.2, within_s=20)


def test_a_large_file_comes_in_pieces_that_overlap(tmp_path: Path) -> None:
    body = bytes(1024) * 9000 + b"in the middle" + bytes(1024) * 9000
    (tmp_path / "chunk").write_bytes(body)
    sink = SINKS["loki-files"](SinkConfig(place="volume", kind="loki-files", path=str(tmp_path)))
    names, *pieces = sink.records()
    assert names.body == b"chunk"
    assert len(pieces) == 3
    assert any(b"in the middle" in piece.body for piece in pieces)


def test_a_volume_that_is_not_there_could_not_be_looked_at(tmp_path: Path) -> None:
    sink = SINKS["loki-files"](SinkConfig(place="volume", kind="loki-files", path=str(tmp_path / "nowhere")))
    with pytest.raises(SinkUnreadable):
        bodies(sink)


def purge(running: Running | None, request_id: str, *more: str) -> Finished:
    url = NOWHERE if running is None else url_of(running)
    program = [sys.executable, "-P", "-m", "gameday.contain.purge_loki", "--url", url, "--request-id", request_id]
    return run_command([*program, *more], within_s=30)


def lines_of(running: Running, app: str) -> list[str]:
    found = read(url_of(running), f'{{app="{app}"}}', start_ns=now_ns() - HOUR_NS, end_ns=now_ns() + 1)
    return sorted(entry.line for entry in found)


def test_a_request_is_deleted_by_its_id_others_stay_and_hidden_is_not_called_erased(lokis: Runtime) -> None:
    running = lokis.start(Loki())
    for request_id in ("request-1", "request-2"):
        put(running, f"{TEXT} {request_id}", "purged", request_id=request_id)
    assert purge(running, "request-1").exit_code == 0  # nobody has read a line, so that it shows at once
    assert lines_of(running, "purged") == [f"{TEXT} request-2"]
    hidden = purge(running, "request-1", "--check")
    assert (hidden.exit_code, hidden.output.partition(";")[0]) == (0, "hidden")
    volume = purge(running, "request-1", "--check", "--volume", str(running.folder))
    assert (volume.exit_code, volume.output) == (1, "hidden, not erased\n")
    answered = purge(running, "request-2", "--check")
    assert (answered.exit_code, answered.output) == (1, "answered\n")


@pytest.mark.parametrize("request_id", ["", "   ", '"} or {a="b', "a|b|c|d", "*.*.*.*.*"])
def test_an_id_that_could_widen_the_deletion_is_refused(request_id: str) -> None:
    done = purge(None, request_id)
    assert done.exit_code == 2
    assert "no request id" in done.output


def test_a_loki_that_does_not_answer_is_neither_safe_nor_unsafe() -> None:
    assert purge(None, "request-1").exit_code == 2
    assert purge(None, "request-1", "--check").exit_code == 2


@pytest.mark.skipif(
    os.environ.get("GAMEDAY_WEEKLY") != "1", reason="erasure takes 70 s of compaction: GAMEDAY_WEEKLY=1 runs it"
)
def test_after_a_restart_what_was_deleted_is_erased_from_the_volume_and_the_rest_is_not(lokis: Runtime) -> None:
    running = lokis.start(Loki())
    for request_id in ("request-1", "request-2"):
        put(running, f"{TEXT} {request_id}", "erased", request_id=request_id)
    volume = ("--check", "--volume", str(running.folder))
    assert purge(running, "request-1").exit_code == 0
    start = clock.now()
    lokis.stop(running)
    restarted = lokis.start(Loki())

    def is_erased() -> bool | None:
        return True if purge(restarted, "request-1", *volume).output == "erased\n" else None

    poll_until(is_erased, what="erased from the volume", every_s=1, within_s=180)
    sys.stdout.write(f"erased {clock.between(start, clock.now()).width_s:.1f} s after the request\n")
    assert lines_of(restarted, "erased") == [f"{TEXT} request-2"]
    assert purge(restarted, "request-2", *volume).output == "answered\n"
