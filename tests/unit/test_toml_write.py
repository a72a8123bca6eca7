"""Any Config that is written as TOML is read again as it was."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gameday.config import Config, DetectorConfig, RunbookConfig, SinkConfig, SloConfig, Target, load
from gameday.place import Policy
from gameday.toml_read import Source
from gameday.toml_write import dumps

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
argvs = st.lists(texts, min_size=1, max_size=3).map(tuple)
sinks = st.builds(
    SinkConfig,
    place=texts,
    kind=st.just("file"),
    path=texts,
    policy=st.sampled_from(Policy),
    ttl=st.none() | st.just("7d"),
    stamp=texts,
    is_final=st.booleans(),
)
configs = st.builds(
    Config,
    target=st.builds(
        Target, url=st.just("http://127.0.0.1:1/v1"), tenants=st.dictionaries(texts, st.just("env:K"), min_size=1)
    ),
    sink=st.lists(sinks, max_size=3, unique_by=lambda sink: sink.place).map(tuple),
    detector=st.lists(st.builds(DetectorConfig, settle=st.just("1s"), positions=st.none() | texts), max_size=2).map(
        tuple
    ),
    runbook=st.dictionaries(texts, st.builds(RunbookConfig, stop=argvs, purge=argvs, seal=st.none() | argvs)),
    slo=st.builds(SloConfig, run=st.none() | texts),
)
NASTY = 'a "quoted"\\path\x7f\x01\u2028\U0001f600\r\n# [x] = '


@given(configs.filter(lambda config: all(sink.place != "answers" for sink in config.sink)))
@example(
    Config(
        target=Target(url="http://127.0.0.1:1/v1", tenants={NASTY: "env:K", "a.b": f"file:{NASTY}"}),
        runbook={NASTY: RunbookConfig(stop=(NASTY,), purge=("{alert.id}",))},
    )
)
def test_what_is_written_is_read_again_as_it_was(tmp_path_factory: pytest.TempPathFactory, config: Config) -> None:
    path = tmp_path_factory.getbasetemp() / "written.toml"
    path.write_bytes(dumps(config).encode())
    assert load(path) == config


class Inner(msgspec.Struct, frozen=True):
    names: tuple[str, ...] = ()
    share: float = 0.5
    count: int | None = None


class Outer(msgspec.Struct, frozen=True):
    entries: tuple[Inner, ...]
    table: dict[str, Inner]
    last: bool = False


def test_values_stand_before_tables_and_none_is_left_out(tmp_path: Path) -> None:
    outer = Outer(entries=(Inner(names=("a",)), Inner(count=3)), table={"x y": Inner()}, last=True)
    text = dumps(outer)
    assert text.startswith("last = true\n")
    assert '[table."x y"]' in text
    path = tmp_path / "outer.toml"
    path.write_text(text)
    assert Source.read(path).convert(Outer, words={}) == outer
