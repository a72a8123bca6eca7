"""How one scenario or one incident stands, by the same judge that judged the gates, asked about its share of the latencies."""

from collections.abc import Callable, Iterable, Sequence

from attrs import evolve, frozen

from gameday.gate import Gate
from gameday.metrics import Latency
from gameday.slo import Judgement, Objective, judge
from gameday.verdict import Verdict, worst

NOTICE = "M2"
CONTAIN = "M3"


@frozen(kw_only=True)
class Standing:
    """The judgements on one scenario's or one incident's latencies; empty where no objective speaks about it."""

    judgements: tuple[Judgement, ...]

    def has_missed(self, metric: str) -> bool:
        """Whether an objective on `metric` was missed; being undecided is not a miss."""
        return any(one.objective.metric == metric and one.verdict is Verdict.FAIL for one in self.judgements)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return tuple(one.verdict for one in self.judgements)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it does not pass: what was missed; only where nothing was, what is undecided."""
        decisive = worst(self.verdicts)
        return tuple(dict.fromkeys(one.reason for one in self.judgements if one.reason and one.verdict is decisive))


def of_scenario(gates: Iterable[Gate], *, scenario: str) -> Standing:
    return _standing(gates, wanted=lambda latency: latency.scenario == scenario)


def of_request(gates: Iterable[Gate], *, request: str) -> Standing:
    return _standing(gates, wanted=lambda latency: latency.of == request)


def deadline(gates: Iterable[Gate], *, metric: str, severity: str, part: str = "") -> float | None:
    """The strictest limit (s) that an objective of any gate sets; None where none does."""
    limits = [
        one.objective.limit
        for gate in gates
        for one in gate.judgements
        if one.objective.metric == metric
        and one.objective.severity in {"", severity}
        and part in {"", one.objective.part or part}
    ]
    return min(limits, default=None)


def _standing(gates: Iterable[Gate], *, wanted: Callable[[Latency], bool]) -> Standing:
    found: dict[Objective, Judgement] = {}
    for gate in gates:
        for one in gate.judgements:
            mine = [latency for latency in one.measurement.latencies if wanted(latency)]
            if _is_in_scope(mine, one.objective):
                part = evolve(one.measurement, latencies=tuple(mine), unknown=0)
                found.setdefault(one.objective, judge(part, one.objective))
    return Standing(judgements=tuple(found.values()))


def _is_in_scope(latencies: Sequence[Latency], objective: Objective) -> bool:
    return any(not objective.severity or latency.severity in {objective.severity, ""} for latency in latencies)
