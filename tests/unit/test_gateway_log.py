"""What the reference gateway's log holds, by its settings."""

import json
from pathlib import Path

import pytest

from gameday.config import Config, Target
from gameday.errors import UsageError
from gameday.scenario.hardening import harden
from gameday.systems.base import System
from gameday.systems.reference.log import Line, Log
from gameday.systems.reference.settings import LogSettings

BODY = b'{"messages": "the whole body"}'


def written(tmp_path: Path, line: Line, **settings: object) -> dict[str, object]:
    path = tmp_path / "log.jsonl"
    Log(LogSettings(file=str(path), **settings)).write(line, raw_body=BODY)  # type: ignore[arg-type]  # some of its fields
    fields: dict[str, object] = json.loads(path.read_text())
    return fields


@pytest.mark.parametrize("never", [(), ("body",)])
def test_bodies_at_debug_are_logged_unless_they_never_are(tmp_path: Path, never: tuple[str, ...]) -> None:
    fields = written(tmp_path, Line(level="info"), level="debug", bodies=True, never=never)
    assert fields["body"] == (None if never else BODY.decode())


@pytest.mark.parametrize(
    ("error", "never", "is_there"), [("bad_body", (), True), (None, (), False), ("bad_body", ("body",), False)]
)
def test_bodies_of_what_failed_are_logged_unless_they_never_are(
    tmp_path: Path, error: str | None, never: tuple[str, ...], *, is_there: bool
) -> None:
    fields = written(tmp_path, Line(error=error), bodies_on_error=True, never=never)
    assert (fields["body"] == BODY.decode()) == is_there


@pytest.mark.parametrize("never", [(), ("input",)])
def test_a_refusal_quotes_its_input_unless_it_never_does(tmp_path: Path, never: tuple[str, ...]) -> None:
    fields = written(tmp_path, Line(error="bad_body"), errors_quote_input=True, never=never)
    assert fields["error"] == ("bad_body" if never else f"bad_body: input was {BODY.decode()}")


def test_a_prompt_that_is_never_logged_is_not_logged(tmp_path: Path) -> None:
    assert written(tmp_path, Line(prompt="redacted"))["prompt"] == "redacted"
    (tmp_path / "log.jsonl").unlink()
    assert written(tmp_path, Line(prompt="redacted"), never=("prompt",))["prompt"] is None


def test_a_pattern_needs_a_gateway() -> None:
    with pytest.raises(UsageError, match="lends no gateway"):
        harden(
            System(name="yours", config=Config(target=Target(url="http://127.0.0.1:1/v1", tenants={}))), "no-capture"
        )
