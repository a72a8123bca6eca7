"""A run that several processes play: who plays what, who mints what, and what the controller knows of it afterwards."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.canary.families import CloudKeyPrompt, EmailPrompt
from gameday.canary.key import SiteKey
from gameday.canary.mint import Canary, Mint
from gameday.canary.token import Tokens
from gameday.clock import Interval
from gameday.errors import UsageError
from gameday.scenario.ledger import planted
from gameday.scenario.options import ONE_SYSTEM
from gameday.scenario.reminting import remint
from gameday.scenario.running import _Files, _workers
from gameday.scenario.scheduling import ByScenario, ScenariosOrElse, scenario_of
from gameday.scenario.sharing import Refusal, Share, give, refusal_of, refuse, share_of
from gameday.timeline import Phase, Planted, RunStarted, Sent, Timeline
from tests.unit.timelines import Story

KEY = SiteKey(b"k" * 32)
TENANTS = ("acme", "globex")
ARMS = ["f1.py::test_a[control]", "f1.py::test_a[fault]", "f2.py::test_b[control]", "f2.py::test_b[fault]"]
SHARE = Share(worker="gw1", workers=2, run="r", seed=7, argv=("-n", "2"), number=1, stride=11)


class Node:
    """A worker as its scheduler sees it."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.given: list[int] = []
        self.shutting_down = False

    def send_runtest_some(self, indices: list[int]) -> None:
        self.given += indices

    def shutdown(self) -> None:
        self.shutting_down = True


class Otherwise:
    """What pytest-xdist would have taken."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes, self.collection_is_completed, self.collections = nodes, False, 0

    def add_node_collection(self, _node: Node, _collection: list[str]) -> None:
        self.collections += 1


def scheduled(nodes: list[Node], names: list[str]) -> Any:
    config = SimpleNamespace(
        getvalue=lambda _: ["popen"] * len(nodes), option=SimpleNamespace(loadscopereorder=False, debug=False)
    )
    chosen = ScenariosOrElse(cast("pytest.Config", config), None, otherwise=Otherwise(nodes))
    for node in nodes:
        chosen.add_node_collection(node, names)
    return chosen


def canaries(*, number: int, stride: int, count: int, run: str = "r") -> list[Canary]:
    mint = Mint(KEY, run=run, seed=7, tenants=TENANTS, first_serial=number, stride=stride, day=9)
    families = (CloudKeyPrompt, EmailPrompt)
    return [mint.canary(families[n % 2], tenant=TENANTS[n % 3 % 2], with_value=n % 4 != 3) for n in range(count)]


def sent(canary: Canary) -> Sent:
    known: tuple[Planted, ...] = (planted(canary),)
    return Sent(
        at=Interval(1, 2), request=canary.id, tenant=canary.tenant, phase=Phase.BASELINE, planted=known, status=200
    )


def journal_of(minted: list[Canary], *, family: str = "") -> Timeline:
    started = Story().timeline.of(RunStarted)[0]
    strange = [
        Sent(
            at=Interval(1, 2), request="own", tenant="acme", phase=Phase.BASELINE, status=200,
            planted=(Planted(canary="c00000-00000", family=family, slot="user", is_secret=True, is_redactable=True),),
        )
    ]  # fmt: skip
    run = RunStarted(
        at=started.at, format=1, run="r", wall=started.wall, seed=7, key_id="k", argv=(), commit="", versions={}
    )
    return Timeline([run, *map(sent, minted), *(strange if family else [])])


def test_both_arms_of_a_scenario_go_to_one_worker_in_their_order() -> None:
    nodes = [Node("gw0"), Node("gw1")]
    scheduled(nodes, ARMS).schedule()
    assert [node.given for node in nodes] == [[0, 1], [2, 3]]


def test_other_tests_are_scheduled_as_ever() -> None:
    chosen = scheduled([Node("gw0"), Node("gw1")], ["test_x.py::test_x[1]", "test_x.py::test_x[control2]"])
    assert (chosen.collections, isinstance(chosen._chosen, Otherwise)) == (2, True)


def test_what_a_dead_worker_had_left_is_played_by_another_and_its_own_arm_is_not() -> None:
    nodes = [Node("gw0"), Node("gw1")]
    chosen = scheduled(nodes, ARMS)
    chosen.schedule()
    nodes[1].shutting_down = False  # it was told that nothing is left, and that has changed
    assert chosen.remove_node(nodes[0]) == ARMS[0]
    assert nodes[1].given == [2, 3, 1]
    assert isinstance(chosen._chosen, ByScenario)


@pytest.mark.parametrize(
    ("node", "scenario"),
    [
        ("f1.py::test_a[control]", "f1.py::test_a"),
        ("f1.py::test_a[fault-de]", "f1.py::test_a"),
        ("f1.py::test_a[de-fault]@group", "f1.py::test_a"),
        ("t.py::test_a[default]", "t.py::test_a[default]"),
        ("t.py::test_a", "t.py::test_a"),
    ],
)
def test_an_arm_names_its_scenario_and_any_other_test_itself(node: str, scenario: str) -> None:
    assert scenario_of(node) == scenario


def test_what_the_controller_gives_is_what_the_worker_gets() -> None:
    worker = SimpleNamespace(workerinput={"workerid": "gw1"})
    assert share_of(cast("pytest.Config", worker)) is None
    give(worker.workerinput, SHARE)
    assert share_of(cast("pytest.Config", worker)) == SHARE
    assert share_of(cast("pytest.Config", SimpleNamespace())) is None


def test_a_refusal_ends_the_worker_and_is_told() -> None:
    session = SimpleNamespace(config=SimpleNamespace(workeroutput={}), shouldfail=False)
    refuse(cast("pytest.Session", session), Refusal(why="no docker", code=3))
    assert refusal_of(session.config.workeroutput) == Refusal(why="no docker", code=3)
    assert "no docker" in str(session.shouldfail)
    assert refusal_of({}) is None


@given(count=st.integers(0, 30), stride=st.integers(2, 12))
def test_no_two_workers_mint_the_same_canary(count: int, stride: int) -> None:
    every = [canary.id for number in range(stride) for canary in canaries(number=number, stride=stride, count=count)]
    assert len(set(every)) == len(every) == count * stride


@given(number=st.integers(0, 10), count=st.integers(0, 12))
def test_what_a_journal_names_is_minted_again_to_the_letter(number: int, count: int) -> None:
    minted = canaries(number=number, stride=11, count=count)
    again = remint(journal_of(minted), key=KEY, tenants=TENANTS)
    assert [canary.text == before.text for canary, before in zip(again.canaries, minted, strict=True)] == [True] * count
    assert not again.unknown


def test_a_family_of_the_users_own_is_named_as_not_searched_for() -> None:
    assert remint(journal_of([], family="invoice"), key=KEY, tenants=TENANTS).unknown == ("invoice",)


def test_a_canarys_name_leads_back_to_what_it_stands_for() -> None:
    tokens = Tokens(KEY)
    for canary in canaries(number=3, stride=5, count=8):
        assert tokens.of_canary(canary.id) == canary.token_id


@pytest.mark.parametrize(
    ("wanted", "has_system", "says"),
    [("2", True, ONE_SYSTEM), ("two", False, "such as 2, or auto"), ("-1", False, "such as 2, or auto")],
)
def test_workers_that_cannot_be_are_refused(wanted: str, has_system: bool, says: str, tmp_path: Any) -> None:  # noqa: FBT001
    files = _Files(config=tmp_path if has_system else None, slo_run=None, slo_release=None)
    with pytest.raises(UsageError, match=says[:40].replace(".", r"\.")):
        _workers(wanted, files)


def test_without_pytest_xdist_its_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gameday.scenario.running.find_spec", lambda _: None)
    files = _Files(config=None, slo_run=None, slo_release=None)
    with pytest.raises(UsageError, match="pip install 'pytest-xdist"):
        _workers("2", files)
    assert _workers(None, files) == _workers("0", files) == []


def test_workers_are_told_to_pytest_xdist() -> None:
    assert _workers("auto", _Files(config=None, slo_run=None, slo_release=None)) == ["-n", "auto"]
