"""Prompts from templates: each slot's text stands once, at the place that its name says; nothing else is taken for one."""

import base64
import json
import string
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.canary.mint import SLOTS
from gameday.canary.prompts import render, slots_of, templates
from gameday.errors import ConfigError

Request = Mapping[str, Any]


def _message(request: Request, place: int) -> str:
    return str(request["messages"][place]["content"])


def _content(request: Request, place: int, part: int) -> Any:
    return request["messages"][place]["content"][part]


def _file(request: Request) -> str:
    url = _content(request, 1, 1)["file"]["file_data"]
    return base64.b64decode(url.removeprefix("data:text/plain;base64,")).decode()


def _query(request: Request) -> str:
    return str(json.loads(request["messages"][3]["tool_calls"][0]["function"]["arguments"])["query"])


def _format(request: Request) -> Any:
    return request["response_format"]["json_schema"]


PLACES: Final[dict[tuple[str, str], Callable[[Request], str]]] = {
    ("chat", "system"): lambda request: _message(request, 0),
    ("chat", "history"): lambda request: _message(request, 2),
    ("chat", "tool_args"): _query,
    ("chat", "rag"): lambda request: _message(request, 4),
    ("chat", "user"): lambda request: str(_content(request, 5, 0)["text"]),
    ("chat", "attachment"): lambda request: str(_content(request, 5, 1)["text"]),
    ("chat", "tool"): lambda request: str(request["tools"][0]["function"]["description"]),
    ("chat", "schema"): lambda request: str(_format(request)["schema"]["properties"]["answer"]["description"]),
    ("chat", "metadata"): lambda request: str(request["metadata"]["note"]),
    ("chat", "end_user"): lambda request: str(request["user"]),
    ("rag", "system"): lambda request: _message(request, 0).partition("[1]")[0],
    ("rag", "rag"): lambda request: _message(request, 0).partition("[1]")[2],
    ("rag", "history"): lambda request: _message(request, 1),
    ("rag", "user"): lambda request: _message(request, 3),
    ("rag", "metadata"): lambda request: str(request["metadata"]["note"]),
    ("rag", "end_user"): lambda request: str(request["user"]),
    ("multipart", "system"): lambda request: str(_content(request, 0, 0)["text"]),
    ("multipart", "user"): lambda request: str(_content(request, 1, 0)["text"]),
    ("multipart", "attachment"): _file,
    ("multipart", "schema"): lambda request: str(_format(request)["description"]),
    ("multipart", "end_user"): lambda request: str(request["user"]),
}


def _leaves(value: object) -> list[str]:
    """Every text in it, with files and arguments unpacked."""
    if isinstance(value, Mapping):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    text = str(value)
    if text.startswith("data:text/plain;base64,"):
        return [base64.b64decode(text.partition(",")[2]).decode()]
    return _leaves(json.loads(text)) if text.startswith("{") else [text]


def _texts(template: str) -> dict[str, str]:
    return {slot: f'the "{slot}" of it,\n\\ <b>не</b> 語 ({number})' for number, slot in enumerate(slots_of(template))}


def test_every_slot_of_every_template_is_one_of_the_mints_and_has_a_place_here() -> None:
    listed = {(template, slot) for template in templates() for slot in slots_of(template)}
    assert listed == PLACES.keys()
    assert {slot for _, slot in listed} <= set(SLOTS)


def test_one_template_has_every_slot() -> None:
    assert slots_of("chat") == set(SLOTS)


@pytest.mark.parametrize(("template", "slot"), PLACES)
def test_a_slots_text_stands_once_and_where_its_name_says(template: str, slot: str) -> None:
    texts = _texts(template)
    request = render(template, texts)
    assert sum(leaf.count(texts[slot]) for leaf in _leaves(request)) == 1
    assert texts[slot] in PLACES[template, slot](request)


@given(text=st.text())
def test_any_text_comes_through_as_it_was(text: str) -> None:
    request = render("chat", dict.fromkeys(slots_of("chat"), text))
    assert (_message(request, 0) == text, _query(request) == text) == (True, True)


def _made(tmp_path: Path, source: str) -> Path:
    path = tmp_path / "mine.json.j2"
    path.write_text(source, "utf-8")
    return path


def test_a_file_of_ones_own_is_a_template_too(tmp_path: Path) -> None:
    path = _made(tmp_path, '{"prompt": {{ user|tojson }}}')
    assert slots_of(path) == {"user"}
    assert render(str(path), {"user": "hello"}) == {"prompt": "hello"}


SECRET: Final = "swordfish swims"


@pytest.mark.parametrize(
    ("source", "slots", "key", "said"),
    [
        ('{"a": {{ user|tojson }}', {"user": SECRET}, "template", "does not make JSON"),
        ('{"a": {{ user }}}', {"user": SECRET}, "template", "does not make JSON"),
        ("[{{ user|tojson }}]", {"user": SECRET}, "template", "no object"),
        ('{"a": {{ user|tojson }', {"user": SECRET}, "template", "no jinja2 template"),
        ('{"a": {{ user|unheard }}}', {"user": SECRET}, "template", "no jinja2 template|TemplateAssertionError"),
        ('{"a": {{ user.name|tojson }}}', {"user": SECRET}, "template", "TypeError"),
        ('{"a": {{ (user + 1)|tojson }}}', {"user": SECRET}, "template", "TypeError"),
        ('{"a": {{ user.__class__.__mro__|tojson }}}', {"user": SECRET}, "template", "SecurityError"),
        ('{"a": {{ user|tojson }}}', {}, "slot = 'user'", "no text was given"),
        ('{"a": {{ user|tojson }}}', {"user": SECRET, "usr": SECRET}, "slot = 'usr'", "no such slot"),
    ],
)
def test_a_wrong_template_or_slot_is_named_and_no_text_is_shown(
    tmp_path: Path, source: str, slots: dict[str, str], key: str, said: str
) -> None:
    path = _made(tmp_path, source)
    with pytest.raises(ConfigError, match=said) as raised:
        render(path, slots)
    assert (str(path) in str(raised.value), key in str(raised.value)) == (True, True)
    assert not any(word in str(raised.value) for word in SECRET.split())
    assert raised.value.__cause__ is None


def test_a_template_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"caht.*chat, multipart, rag"):
        render("caht", {})


@given(source=st.text(alphabet=string.ascii_letters + "{}%#|\"'[]:, \n", max_size=60))
def test_any_source_ends_in_a_request_or_a_config_error(tmp_path_factory: pytest.TempPathFactory, source: str) -> None:
    path = _made(tmp_path_factory.mktemp("any"), source)
    files = {str(path)}
    try:
        assert isinstance(render(path, dict.fromkeys(slots_of(path), "x")), dict)
    except ConfigError as error:
        files.add(error.file)
    assert files == {str(path)}
