"""An operator's alertmanager.yml with every receiver led to one webhook; routes, waits and line numbers stay as they are."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

import yaml
from attrs import frozen

from gameday.errors import ConfigError

# What send_resolved is where an integration does not say it (0.34): all the others say true, and it changes what is deduplicated.
_QUIET_WHEN_RESOLVED: Final = frozenset({"email", "slack", "wechat", "rocketchat"})
_ELSEWHERE: Final = ("templates", "event_recorder", "tracing")  # they would reach the operator's own systems, or files
_CONFIGS: Final = "_configs"
_TRUE: Final = frozenset({"true", "yes", "on", "y"})
_COMMA: Final = re.compile(r"\s*,")
_NOT_IN_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@frozen(kw_only=True)
class Integration:
    """One way in which a receiver tells: its kind (slack, webhook), and the line of the operator's file where it begins."""

    kind: str
    line: int
    send_resolved: bool
    max_alerts: int


@frozen(kw_only=True)
class Redirected:
    """`receivers` are the operator's own, by name; one with no integration tells nobody."""

    text: str
    receivers: dict[str, tuple[Integration, ...]]


@frozen
class _Edit:
    start: int
    end: int
    new: str


def redirect(text: str, *, url: str, file: str = "alertmanager.yml") -> Redirected:
    """Raises ConfigError, with file and line, where `text` is not the YAML of an Alertmanager."""
    top = _top(text, file=file)
    receivers = {_name(node, file=file): node for node in _receivers(top, file=file)}
    integrations = {name: tuple(_integrations(node)) for name, node in receivers.items()}
    edits = [
        _replaced(node, _receiver(name, integrations[name], data=_plain(node), url=url))
        for name, node in receivers.items()
    ]
    for key, (key_node, node) in top.items():
        if key == "global" and isinstance(node, yaml.MappingNode):
            kept = {name: value for name, value in _mapping(node).items() if name == "resolve_timeout"}
            edits.append(_replaced(node, _flow(kept)))  # the rest is secrets, proxies and files of theirs
        elif key in _ELSEWHERE:
            edits.append(_removed(key_node, node, text=text))
    return Redirected(text=_spliced(text, edits), receivers=integrations)


def _top(text: str, *, file: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    try:
        # Alertmanager takes a tab before a comment, where the parser here does not; marks stay where they are.
        root = yaml.compose(text.replace("\t", " "), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        raise _wrong(file, line, f"is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise _wrong(file, None, "is not YAML: it holds a character that no YAML may hold") from error
    if not isinstance(root, yaml.MappingNode):
        raise _wrong(file, 1, "is no mapping of route and receivers")
    return {str(key.value): (key, node) for key, node in root.value}


def _receivers(top: dict[str, tuple[yaml.Node, yaml.Node]], *, file: str) -> list[yaml.Node]:
    node = top["receivers"][1] if "receivers" in top else None
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise _wrong(file, None if node is None else _line(node), "has no list of receivers")
    return list(node.value)


def _name(node: yaml.Node, *, file: str) -> str:
    name = _mapping(node).get("name")
    if not isinstance(name, str) or not name:
        raise _wrong(file, _line(node), "has a receiver without a name")
    return name


def _integrations(node: yaml.Node) -> Iterator[Integration]:
    for key, listed in _pairs(node):
        if str(key.value).endswith(_CONFIGS) and isinstance(listed, yaml.SequenceNode):
            kind = str(key.value).removesuffix(_CONFIGS)
            for item in listed.value:
                # One that is given by an alias bears the mark of its anchor, somewhere else.
                inside = key.start_mark.index < item.start_mark.index <= listed.end_mark.index
                yield _integration(_mapping(item), kind=kind, line=_line(item if inside else key))


def _integration(settings: dict[str, object], *, kind: str, line: int) -> Integration:
    said, most = settings.get("send_resolved"), str(settings.get("max_alerts", ""))
    is_told = kind not in _QUIET_WHEN_RESOLVED if said is None else str(said).lower() in _TRUE
    return Integration(
        kind=kind,
        line=line,
        send_resolved=is_told,
        max_alerts=int(most) if kind == "webhook" and most.isascii() and most.isdigit() else 0,
    )


def _receiver(name: str, integrations: Iterable[Integration], *, data: object, url: str) -> str:
    hooks = [
        {
            # What stands in it is a template to Alertmanager, so that a name must be quoted.
            "url": f"{url}?receiver={quote(name, safe='')}&integration={quote(one.kind, safe='')}&line={one.line}",
            "send_resolved": one.send_resolved,
            "max_alerts": one.max_alerts,
            "http_config": {"follow_redirects": False},  # said here, or the global one would hold: proxy, credentials
        }
        for one in integrations
    ]
    kept = {key: value for key, value in data.items() if not key.endswith(_CONFIGS)} if isinstance(data, dict) else {}
    return _flow({**kept, **({"webhook_configs": hooks} if hooks else {})})


def _flow(value: object) -> str:
    """JSON on one line that is YAML too: JSON may hold characters that YAML wants escaped."""
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def _replaced(node: yaml.Node, new: str) -> _Edit:
    return _Edit(node.start_mark.index, node.end_mark.index, new)


def _removed(key: yaml.Node, node: yaml.Node, *, text: str) -> _Edit:
    """With the comma behind it, where the file is written in braces."""
    comma = _COMMA.match(text, node.end_mark.index)
    return _Edit(key.start_mark.index, comma.end() if comma else node.end_mark.index, "")


def _spliced(text: str, edits: list[_Edit]) -> str:
    """Each edit keeps the newlines that it replaces, and the indent of what follows."""
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        old = text[edit.start : edit.end]
        last = old.rpartition("\n")[2]
        indent = last if "\n" in old and not last.strip() else ""
        text = text[: edit.start] + edit.new + "\n" * old.count("\n") + indent + text[edit.end :]
    return text


def _pairs(node: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """The keys of a mapping, those that were merged into it first, so that its own come after them."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if key.tag == "tag:yaml.org,2002:merge":
            for merged in value.value if isinstance(value, yaml.SequenceNode) else (value,):
                yield from _pairs(merged)
    yield from ((key, value) for key, value in node.value if key.tag != "tag:yaml.org,2002:merge")


def _mapping(node: yaml.Node) -> dict[str, object]:
    return {str(key.value): _plain(value) for key, value in _pairs(node)}


def _plain(node: yaml.Node) -> object:
    """Every scalar as its text."""
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value) for value in node.value]
    return str(node.value)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _wrong(file: str, line: int | None, problem: str) -> ConfigError:
    remedy = "Ask 'amtool check-config' what it says of it."
    return ConfigError(file=file, key="(file)", value=None, problem=problem, remedy=remedy, line=line)
