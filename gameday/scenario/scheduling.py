"""Which worker of pytest-xdist plays what: both arms of one scenario, in their order, on the same worker."""

import re
from collections.abc import Sequence
from typing import Any, Final

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

_ARM: Final = re.compile(r"\[(?:[^\]]*-)?(?:control|fault)(?:-[^\]]*)?\]")


def scenario_of(node: str) -> str:
    """What is played as a whole: the scenario of an arm; any other test is one by itself."""
    arm = _ARM.search(node)
    return node[: arm.start()] if arm else node


class ByScenario(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out scenarios. An arm in which its worker died is not tried again: it owes its outcome."""

    def _split_scope(self, nodeid: str) -> str:
        return scenario_of(nodeid)

    def remove_node(self, node: Any) -> str | None:
        work: dict[str, dict[str, bool]] = self.assigned_work.pop(node)
        open_nodes = [(unit, name) for unit in work.values() for name, is_done in unit.items() if not is_done]
        if not open_nodes:
            return None
        unit, crashed = open_nodes[0]
        unit[crashed] = True
        self.workqueue.update({scope: unit for scope, unit in work.items() if not all(unit.values())})
        for other in self.assigned_work:
            self._reschedule(other)
        return crashed


class ScenariosOrElse:
    """What pytest-xdist would take, until the first worker says that it has scenarios: nobody else's tests are touched."""

    def __init__(self, config: pytest.Config, log: Producer, *, otherwise: Any) -> None:
        self._config, self._log, self._chosen = config, log, otherwise

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        is_open = not isinstance(self._chosen, ByScenario) and not self._chosen.collection_is_completed
        if is_open and any(scenario_of(name) != name for name in collection):
            self._choose_scenarios()
        self._chosen.add_node_collection(node, collection)

    def _choose_scenarios(self) -> None:
        before, self._chosen = self._chosen, ByScenario(self._config, self._log)
        for node in before.nodes:
            self._chosen.add_node(node)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chosen, name)
