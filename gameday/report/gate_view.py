"""Both gates as tables: each objective with its target, the worst end of what was measured, and how much that rests on."""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Final

from attrs import frozen

from gameday.gate import Gate
from gameday.metrics import Unit
from gameday.report.axis import percent, ratio
from gameday.report.text import NONE, duration, ended, opened, share_at_most, tied
from gameday.slo import Judgement
from gameday.verdict import Verdict

_ORDER: Final = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
_NAMES: Final = ("Today\u2019s gate", "Release gate")
_ZERO_X: Final = 0.024
_OVER_END: Final = 0.88


class BarKind(StrEnum):
    VALUE = "value"  # solid: measured
    BOUND = "bound"  # pale, with a cap: a bound that decides
    OPEN = "open"  # hatched: a bound that decides nothing
    OVER = "over"  # an arrow: a lower bound only, or more than none allowed
    ZERO = "zero"  # a dot: an objective of zero, met
    NONE = "none"  # nothing is known


@frozen(kw_only=True)
class Bar:
    kind: BarKind
    state: Verdict
    end: str = ""
    target: str = percent(ratio(1.0))
    arrow: str = percent(_OVER_END)
    words: str = ""


@frozen(kw_only=True)
class ObjectiveRow:
    title: str
    metric: str
    target: str
    value: str
    detail: str
    bar: Bar
    evidence: str
    reason: str
    verdict: Verdict


@frozen(kw_only=True)
class GateView:
    name: str
    file: str
    verdict: Verdict
    words: str
    rows: tuple[ObjectiveRow, ...]
    findings: tuple[str, ...]
    repeats: int


def gate_views(gates: Sequence[Gate]) -> tuple[GateView, ...]:
    """What stands against the run itself is said once, at the first gate that says it."""
    said: set[str] = set()
    views = []
    for index, gate in enumerate(gates):
        views.append(_gate(gate, name=gate_name(index), said=said))
        said.update(findings(gate))
    return tuple(views)


def gate_name(index: int) -> str:
    return _NAMES[index] if index < len(_NAMES) else f"Gate {index + 1}"


def worst_first(judgements: Iterable[Judgement]) -> list[Judgement]:
    return sorted(judgements, key=lambda one: _ORDER.index(one.verdict))


def measured(judgement: Judgement) -> tuple[str, str]:
    """The worst end of what was measured, and the rest of it: a span, or part and whole."""
    unit = judgement.objective.unit
    if unit is Unit.SECONDS and judgement.worst is not None:
        span = tied(judgement.value_text)
        return duration(judgement.worst, up=True), span if " to " in span else ""
    if unit is Unit.SECONDS and judgement.best is not None:
        return f">\u00a0{duration(judgement.best)}", "still open"
    if judgement.bound is not None:
        bound = share_at_most(judgement.bound, per_million=unit is Unit.PER_MILLION)
        return bound, tied(judgement.value_text)
    if judgement.measurement.part is not None and not judgement.measurement.why_missing:
        whole = judgement.measurement.whole
        return f"{judgement.measurement.part:,}", f"of {whole:,}" if whole else ""
    return judgement.value_text or NONE, ""


def _gate(gate: Gate, *, name: str, said: Collection[str]) -> GateView:
    return GateView(
        name=name,
        file=gate.file,
        verdict=gate.verdict,
        words=_tallied(gate.judgements),
        rows=tuple(_row(judgement) for judgement in worst_first(gate.judgements)),
        findings=tuple(finding for finding in findings(gate) if finding not in said),
        repeats=sum(finding in said for finding in findings(gate)),
    )


def findings(gate: Gate) -> tuple[str, ...]:
    """What stands against the run itself, beside its objectives."""
    judged = {f"{one.objective.metric}: {one.reason}" for one in gate.judgements}
    return tuple(opened(ended(reason)) for reason in gate.reasons if reason not in judged)


def _tallied(judgements: Sequence[Judgement]) -> str:
    missed = sum(one.verdict is Verdict.FAIL for one in judgements)
    open_ = sum(one.verdict is Verdict.INCONCLUSIVE for one in judgements)
    if not judgements:
        return "nothing was judged"
    if not missed + open_:
        return f"all {len(judgements)} objectives met"
    parts = [f"{missed} missed"] * bool(missed) + [f"{open_} not proven"] * bool(open_)
    return f"{' and '.join(parts)} of {len(judgements)} objectives"


def _row(judgement: Judgement) -> ObjectiveRow:
    value, detail = measured(judgement)
    return ObjectiveRow(
        title=judgement.objective.title,
        metric=judgement.objective.metric,
        target=tied(judgement.objective.limit_text.replace("<=", "\u2264")),
        value=value,
        detail=detail,
        bar=_bar(judgement),
        evidence=tied(judgement.evidence_text),
        reason=tied(judgement.reason),
        verdict=judgement.verdict,
    )


def _bar(judgement: Judgement) -> Bar:
    kind, share = _kind(judgement)
    words = "" if share is None or kind is BarKind.OVER else f"{share:.3g} times the target"
    end = "" if share is None else percent(max(ratio(share), _ZERO_X))
    return Bar(kind=kind, state=judgement.verdict, end=end, words=words)


def _kind(judgement: Judgement) -> tuple[BarKind, float | None]:
    """What to draw, and measured / target where that is a number."""
    limit, unit = judgement.objective.limit, judgement.objective.unit
    if judgement.measurement.why_missing:
        return BarKind.NONE, None
    if unit is Unit.COUNT or limit <= 0:
        return _kind_of_count(judgement)
    if unit is Unit.SECONDS:
        return _kind_of_latency(judgement)
    if judgement.bound is None:
        return BarKind.NONE, None
    if judgement.verdict is Verdict.FAIL:
        return BarKind.VALUE, (judgement.measurement.share or judgement.bound) / limit
    return (BarKind.BOUND if judgement.verdict is Verdict.PASS else BarKind.OPEN), judgement.bound / limit


def _kind_of_count(judgement: Judgement) -> tuple[BarKind, float | None]:
    part = judgement.measurement.part
    if part is None:
        return BarKind.NONE, None
    if judgement.objective.limit > 0:
        return BarKind.VALUE, part / judgement.objective.limit
    return (BarKind.OVER, 1.0) if part else (BarKind.ZERO, None)


def _kind_of_latency(judgement: Judgement) -> tuple[BarKind, float | None]:
    limit = judgement.objective.limit
    if judgement.worst is not None:
        return BarKind.VALUE, judgement.worst / limit
    if judgement.best is not None:
        return BarKind.OVER, min(judgement.best / limit, 1.0)
    return BarKind.NONE, None
