"""Prompts from templates: a request in OpenAI's chat format with a different canary in each of its slots.

A template is JSON with jinja2 in it; its variables are its slots, to be written through `tojson`. One filter is ours:
`data_url`, text as a base64 data URL, as file parts hold it.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gameday.errors import ConfigError
from gameday.shipped import shipped

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER: Final = "fixtures/prompts"
_ENDING: Final = ".json.j2"


def render(template: str | Path, slots: Mapping[str, str]) -> dict[str, object]:
    """The request. `template`: a shipped one's name ("chat") or a file's path; `slots`: a text for each of its slots.

    Raises ConfigError where the template is no template, its slots are others than those given, or no JSON object comes out.
    """
    path, source = _read(template)
    if (wanted := _slots(path, source)) != slots.keys():
        raise _wrong_slots(path, wanted=wanted, given=frozenset(slots))
    return _parsed(path, _filled(path, source, slots))


def slots_of(template: str | Path) -> frozenset[str]:
    """The slots that `render` wants for this template."""
    return _slots(*_read(template))


def templates() -> tuple[str, ...]:
    """The names of the shipped templates."""
    return tuple(sorted(path.name.removesuffix(_ENDING) for path in shipped(_FOLDER).glob(f"*{_ENDING}")))


def _read(template: str | Path) -> tuple[Path, str]:
    is_name = str(template) in templates()
    path = shipped(f"{_FOLDER}/{template}{_ENDING}") if is_name else Path(template)
    try:
        return path, path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror or "it failed"
        remedy = f"Name a file, or one of {', '.join(templates())}."
        raise ConfigError(
            file=str(path), key="template", value=str(template), problem=f"cannot be read: {why}", remedy=remedy
        ) from None


def _environment() -> "Environment":
    from jinja2 import StrictUndefined  # noqa: PLC0415 - not every run has templates
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 - as above

    # JSON is no HTML: `tojson` does the escaping.
    environment = ImmutableSandboxedEnvironment(autoescape=False, undefined=StrictUndefined)
    environment.filters["data_url"] = _data_url
    return environment


def _data_url(text: str) -> str:
    return f"data:text/plain;base64,{base64.b64encode(text.encode()).decode()}"


def _slots(path: Path, source: str) -> frozenset[str]:
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415 - as above
    from jinja2.meta import find_undeclared_variables  # noqa: PLC0415 - as above

    try:
        return frozenset(find_undeclared_variables(_environment().parse(source)))
    except TemplateSyntaxError as error:
        raise _broken(path, f"is no jinja2 template: {error.message}", line=error.lineno) from None


def _filled(path: Path, source: str, slots: Mapping[str, str]) -> str:
    from jinja2 import TemplateError  # noqa: PLC0415 - as above

    try:
        return _environment().from_string(source).render(slots)
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        # Its message may quote a slot's text, so its kind has to do.
        raise _broken(path, f"cannot be filled in: jinja2 raised {type(error).__name__}") from None


def _parsed(path: Path, text: str) -> dict[str, object]:
    try:
        made = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"does not make JSON: {error.msg} in line {error.lineno} of what it makes"
        raise _broken(path, problem) from None
    if not isinstance(made, dict):
        raise _broken(path, "makes JSON, but no object")
    return made


def _broken(path: Path, problem: str, *, line: int | None = None) -> ConfigError:
    remedy = "A request is one JSON object, in which each slot is written as {{ slot|tojson }}."
    return ConfigError(file=str(path), key="template", value=None, problem=problem, remedy=remedy, line=line)


def _wrong_slots(path: Path, *, wanted: frozenset[str], given: frozenset[str]) -> ConfigError:
    missing, unknown = sorted(wanted - given), sorted(given - wanted)
    problem = f"no text was given for this slot of {path.name}" if missing else f"{path.name} has no such slot"
    remedy = f"Its slots are {', '.join(sorted(wanted)) or 'none'}."
    return ConfigError(file=str(path), key="slot", value=(missing or unknown)[0], problem=problem, remedy=remedy)
