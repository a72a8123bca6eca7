"""A gameday.toml that is wrong is told with file, line, key, value and remedy, and nothing else ever happens."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gameday.cli import main
from gameday.config import Config, Limits, check_ready, is_allowed, load, seconds
from gameday.errors import ConfigError
from gameday.shipped import shipped

SHIPPED = shipped("fixtures/gameday.toml")
GOOD = """\
[target]
url = "http://127.0.0.1:8080/v1"
tenants = { acme = "env:GAMEDAY_TEST_KEY" }

[[sink]]
place = "ingress/access-log"
kind = "file"
path = "access.log"

[[sink]]
place = "cache/values"
kind = "valkey-values"
url = "redis://127.0.0.1:6379/0"

[[detector]]
listen = "127.0.0.1:9099"
settle = "30s"

[detector.match]
request_id = "label:request_id"

[runbook.ingress-log]
stop = ["true"]
purge = ["true"]

[ingress]
place = "ingress/access-log"
admin = "http://127.0.0.1:2019"
handlers = "apps/http/servers/srv0/routes/0/handle"
"""
LINES = GOOD.splitlines()


def written(folder: Path, text: str) -> Path:
    path = folder / "gameday.toml"
    path.write_text(text, "utf-8")
    return path


def with_line(number: int, line: str) -> str:
    """GOOD with its line `number` (from 1) replaced."""
    return "\n".join([*LINES[: number - 1], line, *LINES[number:]]) + "\n"


def refused(path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value


def test_the_file_that_init_writes_is_valid_as_it_stands() -> None:
    assert load(SHIPPED).target.tenants == {"acme": "env:ACME_KEY", "globex": "file:~/.config/gameday/globex.key"}


def test_every_setting_that_init_comments_out_is_valid_when_switched_on(tmp_path: Path) -> None:
    whole = load(written(tmp_path, re.sub(r"^#(?=\S)", "", SHIPPED.read_text("utf-8"), flags=re.MULTILINE)))
    assert whole.gateway is not None
    assert whole.slo.release == "slo/release.yaml"
    assert whole.sink[-1].owner_part == 3


@pytest.mark.parametrize("table", [Config, *(Config.__annotations__[name] for name in ("target", "limits", "slo"))])
def test_the_file_that_init_writes_explains_every_key(table: type) -> None:
    text = SHIPPED.read_text("utf-8")
    for key in table.__annotations__:
        assert re.search(rf"^#?(\[*)[a-z.-]*{key}\b", text, re.MULTILINE), key


def test_the_file_that_init_writes_explains_every_key_of_its_tables() -> None:
    from gameday import config  # noqa: PLC0415 - the module, for its tables

    text = SHIPPED.read_text("utf-8")
    tables = (
        *(config.SinkConfig, config.DetectorConfig, config.RunbookConfig, config.Probes),
        *(config.IngressConfig, config.MeshConfig, config.GatewayConfig),
        *(config.CiConfig, config.BackupsConfig),
    )
    missing = [
        f"{table.__name__}.{key}"
        for table in tables
        for key in table.__struct_fields__
        if not re.search(rf"^#?(\[.*\.)?{key}(\]| =)", text, re.MULTILINE)
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("line", "text", "key", "value", "problem", "remedy"),
    [
        (1, "[targt]", "targt", None, "no such key", "Did you mean 'target'"),
        (2, 'uri = "http://127.0.0.1/v1"', "target.uri", "http://127.0.0.1/v1", "no such key", "Did you mean 'url'"),
        (2, "url = 3", "target.url", 3, "Expected `str`, got `int`", "as text"),
        (2, 'url = "gw.example"', "target.url", "gw.example", "not the form", "http:// or https://"),
        (2, 'url = "redis://127.0.0.1/0"', "target.url", "redis://127.0.0.1/0", "not the form", "https://"),
        (2, 'url = "http://gw.example/v1"', "target.url", "http://gw.example/v1", "nor allowed", "limits.hosts"),
        (2, 'url = "http://[::1/v1"', "target.url", "http://[::1/v1", "no address", "a host"),
        (2, 'url = "http://127.0.0.1:99999/v1"', "target.url", "http://127.0.0.1:99999/v1", "no address", "65535"),
        (2, 'url = "http://u:pw@127.0.0.1/v1"', "target.url", "http://...@127.0.0.1/v1", "no user", "before the @"),
        (3, "tenants = {}", "target.tenants", None, "length >= 1", "not empty"),
        (3, 'tenants = { acme = "sk-real" }', "target.tenants.acme", None, "not the form", "never stands in this file"),
        (4, "limits = 5", "target.limits", 5, "no such key", "there can be"),
        (6, "place = ''", "sink.0.place", "", "length >= 1", "as text"),
        (6, 'place = "answers"', "sink.0.place", "answers", "keeps this place itself", "another name"),
        (7, 'kind = "fil"', "sink.0.kind", "fil", "Invalid enum value", "valkey-keys, valkey-values"),
        (8, 'path = ""', "sink.0.path", "", "needs it", "Name the log file"),
        (9, 'policy = "redact"', "sink.0.policy", "redact", "Invalid enum value", "nothing, redacted, full"),
        (9, 'settle = "10 sec"', "sink.0.settle", "10 sec", "not the form", "such as 30s"),
        (9, 'settle = "5s\\n"', "sink.0.settle", "5s\n", "not the form", "such as 30s"),
        (9, "by_tenant = true", "sink.0.by_tenant", True, "whose a record is", "owner_part"),
        (9, "is_final = 1", "sink.0.is_final", 1, "Expected `bool`", "true or false"),
        (11, 'place = "ingress/access-log"', "sink.1.place", "ingress/access-log", "the same place", "its own name"),
        (13, 'url = "http://127.0.0.1"', "sink.1.url", "http://127.0.0.1", "needs it", "redis://"),
        (13, 'url = "redis://db.example/0"', "sink.1.url", "redis://db.example/0", "nor allowed", "limits.hosts"),
        (16, 'listen = "9099"', "detector.0.listen", "9099", "not the form", "HOST:PORT"),
        (16, 'listen = "0.0.0.0:9099"', "detector.0.listen", "0.0.0.0:9099", "nor allowed", "limits.hosts"),
        (16, 'listen = "127.0.0.1:70000"', "detector.0.listen", "127.0.0.1:70000", "no address", "65535"),
        (20, 'request_id = "request_id"', "detector.0.match.request_id", "request_id", "not the form", "label:NAME"),
        (23, "stop = []", "runbook.ingress-log.stop", None, "length >= 1", "a list"),
        (23, 'stop = "true"', "runbook.ingress-log.stop", "true", "got `str`", "a list"),
        (23, "stop = [1]", "runbook.ingress-log.stop.0", 1, "got `int`", "as text"),
        (25, 'stopp = ["true"]', "runbook.ingress-log.stopp", None, "no such key", "Did you mean 'stop'"),
        (25, 'within = "-3s"', "runbook.ingress-log.within", "-3s", "not the form", "such as 30s"),
        (27, 'place = "ingress"', "ingress.place", "ingress", "no [[sink]] has this place", "Add a sink"),
        (28, 'admin = "https://127.0.0.1"', "ingress.admin", "https://127.0.0.1", "not the form", "http://, a host"),
        (29, 'api_key = "sk-real"', "ingress.api_key", None, "no such key", "there can be"),
    ],
)
def test_one_wrong_value_is_told_with_file_line_key_value_and_remedy(
    tmp_path: Path, *, line: int, text: str, key: str, value: object, problem: str, remedy: str
) -> None:
    path = written(tmp_path, with_line(line, text))
    error = refused(path)
    assert (error.key, error.value, error.line) == (key, value, line)
    assert problem in error.problem
    assert remedy in error.remedy
    assert str(error).startswith(f"{path}:{line}: {key}")
    assert "sk-real" not in str(error)
    assert "pw" not in str(error)


@pytest.mark.parametrize(
    ("gone", "key", "line"),
    [
        (2, "target.url", 1),
        (6, "sink.0.place", 5),
        (12, "sink.1.kind", 10),
        (13, "sink.1.url", 10),
        (17, "detector.0.settle", 15),
        (24, "runbook.ingress-log.purge", 22),
        (29, "ingress.handlers", 26),
    ],
)
def test_a_key_that_is_missing_is_told_with_the_line_of_its_table(
    tmp_path: Path, gone: int, key: str, line: int
) -> None:
    error = refused(written(tmp_path, with_line(gone, "")))
    assert (error.key, error.line, error.value) == (key, line, None)
    assert error.remedy


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[target\n", 1),
        ("a = 1\nb = \n", 2),
        ("a = 1\na = 2\n", 2),
        ("x = " + "[" * 3000, 1),
        ("", 1),
        ("\n\nx = " + "9" * 5000, 3),
        ('x = """', 1),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    error = refused(written(tmp_path, text))
    assert error.line == line
    assert "\n" not in str(error)


def test_a_file_that_is_not_there_is_told_with_how_to_get_one(tmp_path: Path) -> None:
    error = refused(tmp_path / "nowhere.toml")
    assert "No such file" in error.problem
    assert "gameday init" in error.remedy


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "gameday.toml"
    path.write_bytes(b"\xff\xfe")
    assert "UTF-8" in refused(path).problem


@given(text=st.text())
@example(text="x = 1979-13-45")
@example(text="[target]\nurl = 'http://['\ntenants = {a='env:X'}")
def test_no_text_brings_about_anything_but_a_config_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "arbitrary.toml"
    path.write_bytes(text.encode("utf-8", "replace"))
    refused(path)


@given(number=st.integers(1, len(LINES)), key=st.text("abcdu[]._- \"'", max_size=12), value=st.text(max_size=20))
def test_no_line_brings_about_anything_but_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, number: int, key: str, value: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.toml"
    path.write_bytes(with_line(number, f"{key} = {value}").encode("utf-8", "replace"))
    with suppress(ConfigError):
        load(path)


@given(st.from_regex(r"[0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h|d)", fullmatch=True))
def test_every_duration_that_the_schema_takes_is_a_number_of_seconds(duration: str) -> None:
    assert 0 <= seconds(duration) < float("inf")


@pytest.mark.parametrize(
    ("key", "line", "value", "text"),
    [
        ("target.tenants.acme", 3, "env:GAMEDAY_TEST_UNSET", with_line(3, 'tenants = {acme="env:GAMEDAY_TEST_UNSET"}')),
        ("target.tenants.acme", 3, "file:/nowhere/key", with_line(3, 'tenants = { acme = "file:/nowhere/key" }')),
        ("sink.0.path", 8, "/nowhere/access.log", with_line(8, 'path = "/nowhere/access.log"')),
        ("runbook.ingress-log.stop", 23, "./nowhere.sh", with_line(23, 'stop = ["./nowhere.sh"]')),
        (
            "runbook.ingress-log.probe.stop",
            26,
            "/nowhere",
            with_line(25, '[runbook.ingress-log.probe]\nstop=["/nowhere"]'),
        ),
    ],
)
def test_what_the_file_refers_to_must_be_here_before_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, key: str, line: int, value: str, text: str
) -> None:
    monkeypatch.setenv("GAMEDAY_TEST_KEY", "k")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "access.log").touch()
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        check_ready(load(path), path)
    assert (caught.value.key, caught.value.value) == (key, value)
    assert caught.value.line == line
    assert caught.value.remedy


def test_the_command_answers_a_wrong_file_with_4_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAMEDAY_KEY_FILE", str(tmp_path / "key"))
    written(tmp_path, with_line(9, 'policy = "redact"'))
    for argv in (["run"], ["run", "--dry-run"]):
        assert main(argv) == 4
        out, err = capsys.readouterr()
        assert not out
        assert err.startswith("gameday: gameday.toml:9: sink.0.policy = 'redact': Invalid enum value")
        assert err.count("\n") == 1


def test_a_key_that_is_not_set_is_told_by_the_command_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAMEDAY_TEST_KEY", raising=False)
    written(tmp_path, GOOD)
    assert main(["run"]) == 4
    assert capsys.readouterr().err == (
        "gameday: gameday.toml:3: target.tenants.acme = 'env:GAMEDAY_TEST_KEY': "
        "there is nothing behind this reference. Set the environment variable GAMEDAY_TEST_KEY.\n"
    )
    assert not (tmp_path / "reports").exists()


def test_init_writes_the_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    assert load(tmp_path / "gameday.toml") == load(SHIPPED)
    assert main(["init"]) == 4
    assert "exists already" in capsys.readouterr().err
    assert main(["run", "--dry-run"]) == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://evil.example#@127.0.0.1/",
        "http://[/",
        "http://0.0.0.0/",
        "http:///v1",
    ],
)
def test_what_only_looks_like_loopback_is_not_allowed(url: str) -> None:
    assert not is_allowed(url, Limits())


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]:9/", "http://gw.example/v1"])
def test_loopback_and_named_hosts_are_allowed(url: str) -> None:
    assert is_allowed(url, Limits(hosts=("gw.example",)))
