"""An operator's alertmanager.yml keeps its routes and its lines, whoever its receivers were."""

import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from gameday.errors import ConfigError
from gameday.servers.redirect import redirect
from gameday.shipped import shipped

HOOK = "http://127.0.0.1:9/am"
FULL = """\
# on-call of three teams
global:
  resolve_timeout: 7m   # theirs
  smtp_auth_password: hunter2
  http_config: {proxy_url: "http://proxy.example:3128"}
templates: ['/etc/alertmanager/*.tmpl']
route:
  receiver: 'team X / pager'
  group_by: [tenant]    # kept
  routes:
    - matchers: [severity = "page"]
      receiver: chat
      continue: true
receivers:
  - name: 'team X / pager'
    pagerduty_configs:
      # rotates in June
      - routing_key: hunter3
        send_resolved: off
    webhook_configs:
      - url: https://hooks.example/hunter4
        max_alerts: 3
  - name: chat
    slack_configs:
    - api_url: https://hooks.slack.example/hunter5
  - name: blackhole

inhibit_rules:
  - source_matchers: [severity = "page"]
    target_matchers: [severity = "ticket"]
    equal: [tenant]
"""


def lines_but_receivers(text: str) -> list[str]:
    lines = text.splitlines()
    return lines[: lines.index("receivers:")] + lines[lines.index("inhibit_rules:") :]


def test_every_receiver_tells_the_webhook_with_the_options_that_change_what_is_told() -> None:
    receivers = {one["name"]: one for one in yaml.safe_load(redirect(FULL, url=HOOK).text)["receivers"]}
    first, second = receivers["team X / pager"]["webhook_configs"]
    assert first["url"] == f"{HOOK}?receiver=team%20X%20%2F%20pager&integration=pagerduty&line=18"
    assert (first["send_resolved"], second["send_resolved"]) == (False, True)
    assert (first["max_alerts"], second["max_alerts"]) == (0, 3)
    (chat,) = receivers["chat"]["webhook_configs"]
    assert chat["send_resolved"] is False
    assert receivers["blackhole"] == {"name": "blackhole"}


def test_routes_rules_and_comments_stay_on_their_lines() -> None:
    new = redirect(FULL, url=HOOK).text
    assert new.count("\n") == FULL.count("\n")
    changed = [
        number
        for number, (old, now) in enumerate(zip(FULL.splitlines(), new.splitlines(), strict=True), start=1)
        if old != now
    ]
    assert set(changed) <= {3, 4, 5, 6, *range(15, 28)}
    assert new.splitlines()[26:] == FULL.splitlines()[26:]


def test_no_secret_and_no_address_of_the_operator_is_left() -> None:
    new = redirect(FULL, url=HOOK).text
    assert "hunter" not in new
    assert "example" not in new
    assert yaml.safe_load(new)["global"] == {"resolve_timeout": "7m"}


def test_what_it_says_of_the_receivers_is_where_the_operator_wrote_them() -> None:
    receivers = redirect(FULL, url=HOOK).receivers
    assert {name: [(one.kind, one.line) for one in told] for name, told in receivers.items()} == {
        "team X / pager": [("pagerduty", 18), ("webhook", 21)],
        "chat": [("slack", 25)],
        "blackhole": [],
    }


def test_the_shipped_routes_reach_the_webhook_only() -> None:
    new = redirect((shipped("fixtures/pipeline") / "alertmanager.yml").read_text(), url=HOOK).text
    assert set(re.findall(r"url: *\S+|\"url\": *\"([^?\"]+)", new)) == {HOOK}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: [", 1, "is not YAML"),
        ("- a\n", 1, "is no mapping"),
        ("route: {}\n", None, "has no list of receivers"),
        ("\nreceivers:\n  - {}\n", 3, "without a name"),
        ("receivers: {{ .Values.x }}\n", 1, "has no list"),
        ("a: \x00", None, "is not YAML"),
    ],
)
def test_what_is_no_alertmanager_yml_is_refused_with_its_line(text: str, line: int | None, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        redirect(text, url=HOOK, file="theirs.yml")
    assert (caught.value.file, caught.value.line) == ("theirs.yml", line)
    assert problem in caught.value.problem


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
KINDS = st.sampled_from(["slack", "email", "webhook", "pagerduty", "wechat"])


@st.composite
def configs(draw: st.DrawFn) -> str:
    """A file in one of the styles that YAML has."""
    receivers = draw(st.dictionaries(NAMES, st.lists(KINDS, max_size=3, unique=True), min_size=1, max_size=4))
    data = {
        "global": {"resolve_timeout": "5m", "slack_api_url": "https://secret.example"},
        "route": {"receiver": next(iter(receivers)), "group_by": ["..."]},
        "receivers": [
            {"name": name, **{f"{kind}_configs": [{"to": "somebody"}] for kind in kinds}}
            for name, kinds in receivers.items()
        ],
        "templates": ["a", "b"],
        "time_intervals": [{"name": "night"}],
    }
    flow = draw(st.sampled_from([None, False, True]))
    width = draw(st.sampled_from([20, 10_000]))
    indent = draw(st.sampled_from([2, 6]))
    text = yaml.safe_dump(data, default_flow_style=flow, width=width, indent=indent, sort_keys=draw(st.booleans()))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    start = draw(st.sampled_from(["", "---\n", "\ufeff", "# theirs\n\n"]))
    return f"{start}{text}".replace("\n", newline)


@given(configs())
@example("receivers: [{name: \"\\x85\"}, {name: '\U0001f600'}]\nroute: {}")
@example("{templates: [a, b], route: {receiver: a}, receivers: [{name: a}]}")
def test_any_file_keeps_its_meaning_but_for_whom_it_tells(text: str) -> None:
    done = redirect(text, url=HOOK)
    old, new = yaml.safe_load(text), yaml.safe_load(done.text)
    kinds = {one["name"]: [key.removesuffix("_configs") for key in one if key != "name"] for one in old["receivers"]}
    assert done.text.count("\n") == text.count("\n")
    assert {name: [one.kind for one in told] for name, told in done.receivers.items()} == kinds
    assert [one["name"] for one in new["receivers"]] == list(kinds)
    for one in new["receivers"]:
        hooks = one.get("webhook_configs", [])
        assert len(hooks) == len(kinds[one["name"]])
        assert all(hook["url"].startswith(f"{HOOK}?receiver=") for hook in hooks)
        assert all(hook["url"].isascii() and "{{" not in hook["url"] for hook in hooks)
    for key in old.keys() - {"receivers", "global", "templates"}:
        assert new[key] == old[key]
    assert "templates" not in new
