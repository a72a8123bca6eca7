"""The contract of every sink: what was planted is read, what is absent is not, what cannot be looked at says so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable
from gameday.runtime.base import Running, Runtime
from gameday.servers.valkey import Valkey, connect
from gameday.sinks import SINKS, AnswersSink, Plantable, Sink

TEXT = b"planted, and harmless"


def bodies(sink: Sink, after: str | None = None) -> list[bytes]:
    return [record.body for record in sink.records(after=after)]


def file_sink(path: Path) -> Sink:
    return SINKS["file"](SinkConfig(place="log", kind="file", path=str(path), stamp="ts", request_id="ids.0"))


def test_a_log_line_is_read_with_its_stamp_and_request_id(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b'{"ts": 12.5, "ids": ["r1"], "text": "' + TEXT + b'"}\nnot json\n')
    first, second = file_sink(log).records()
    assert TEXT in first.body
    assert (first.stamp_s, first.request_id, first.locator) == (12.5, "r1", "a.log:0")
    assert (second.stamp_s, second.request_id) == (None, None)


def test_a_later_look_begins_where_the_last_one_ended(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"one\n")
    (first,) = file_sink(log).records()
    with log.open("ab") as file:
        file.write(b"two\nhalf a li")
    assert bodies(file_sink(log), after=first.cursor) == [b"two\n"]


def test_an_empty_log_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.log").touch()
    assert bodies(file_sink(tmp_path / "a.log")) == []


def test_a_log_that_is_not_there_could_not_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(SinkUnreadable):
        bodies(file_sink(tmp_path / "nowhere.log"))


def test_a_log_that_shrank_was_not_looked_at_in_full(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"short\n")
    with pytest.raises(SinkUnreadable, match="shrank"):
        bodies(file_sink(log), after="100")


def test_a_line_without_end_is_refused_in_constant_memory(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"x" * (17 * 2**20))
    with pytest.raises(SinkUnreadable, match="a line of over"):
        bodies(file_sink(log))


def test_an_answer_belongs_to_the_tenant_who_asked() -> None:
    sink = AnswersSink()
    sink.keep(request_id="r1", tenant="acme", body=TEXT, stamp_s=1.0)
    (record,) = sink.records()
    assert (record.body, record.owner, record.request_id) == (TEXT, "acme", "r1")
    assert bodies(sink, after=record.cursor) == []


@pytest.fixture(scope="module")
def valkey(new_runtime: Callable[[], Runtime]) -> Running:
    return new_runtime().start(Valkey())


def valkey_sink(address: str, of: str) -> Sink:
    config = SinkConfig(
        place=of, kind="valkey-values" if of == "values" else "valkey-keys", url=f"redis://{address}/0", owner_part=1
    )
    return SINKS[config.kind](config)


def test_a_value_of_every_type_is_read_in_full(valkey: Running) -> None:
    address = valkey.addresses["valkey"]
    with connect(address) as client:
        client.flushdb()
        client.set("k:acme:1", TEXT)
        client.hset("k:acme:2", mapping={"field": TEXT})
        client.rpush("k:acme:3", b"first", TEXT)
        client.sadd("k:acme:4", TEXT)
        client.zadd("k:acme:5", {TEXT: 1})
        client.xadd("k:acme:6", {"field": TEXT})
    records = list(valkey_sink(address, "values").records())
    assert len(records) == 6
    assert all(TEXT in record.body for record in records)
    assert {record.owner for record in records} == {"acme"}
    assert not any("k:acme" in record.locator for record in records)


def test_a_key_is_read_and_names_its_owner(valkey: Running) -> None:
    address = valkey.addresses["valkey"]
    with connect(address) as client:
        client.flushdb()
        client.set("k:globex:planted", "x")
    (record,) = valkey_sink(address, "keys").records()
    assert (record.body, record.owner) == (b"k:globex:planted", "globex")


@pytest.mark.parametrize("of", ["values", "keys"])
def test_an_empty_cache_holds_nothing_and_a_sentinel_is_seen(valkey: Running, of: str) -> None:
    address = valkey.addresses["valkey"]
    with connect(address) as client:
        client.flushdb()
    sink = valkey_sink(address, of)
    assert bodies(sink) == []
    assert isinstance(sink, Plantable)
    sink.plant("a-sentinel")
    assert any(b"a-sentinel" in body for body in bodies(sink))


@pytest.mark.parametrize("of", ["values", "keys"])
def test_a_cache_that_does_not_answer_could_not_be_looked_at(of: str) -> None:
    sink = valkey_sink("127.0.0.1:1", of)
    with pytest.raises(SinkUnreadable):
        bodies(sink)
    assert isinstance(sink, Plantable)
    with pytest.raises(SinkUnreadable):
        sink.plant("a-sentinel")


def test_a_value_of_a_type_that_is_not_known_is_unknown_and_not_clean(
    valkey: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = valkey.addresses["valkey"]
    with connect(address) as client:
        client.flushdb()
        client.set("k", TEXT)
    monkeypatch.setattr("gameday.sinks.valkey._READ", {})
    with pytest.raises(SinkUnreadable, match="cannot read"):
        bodies(valkey_sink(address, "values"))
