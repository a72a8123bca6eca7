"""Objectives, read strictly from OpenSLO v1 files, and the verdict on a measurement under one of them."""

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

from gameday.errors import ConfigError
from gameday.metrics.catalogue import CATALOGUE
from gameday.metrics.evidence import lower_bound, needed, upper_bound
from gameday.metrics.measurement import Latency, Measurement, Metric, Unit, missing
from gameday.strict_yaml import Value, documents
from gameday.verdict import Verdict

_OPS: Final = {"lt": "<", "lte": "<="}
_PARTS: Final = ("stopped", "verified")
_OURS: Final = "gameday.dev/"
_SEVERITIES: Final = ("P1", "P2", "P3", "P4")
_LEAST_SHARE: Final = 1e-9
_DURATION: Final = re.compile(r"[1-9]\d*[mhdwMQY]")
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@frozen(kw_only=True)
class Objective:
    """One limit on one metric. `limit` is in seconds, a count, or (for both kinds of rate) a share.

    `part` narrows M3 to "stopped" or "verified", `severity` a latency to incidents of that severity. `samples` is the
    number of checks, set beforehand, at which a rate is decided. `target` is kept for other readers of the file: every
    incident and every check is judged. Where it is not `is_required`, and there was nothing of what the metric is about (no
    such place, no attempt), it is left out, and the report says so; what was there and could not be looked at is unknown.
    """

    name: str
    title: str
    metric: str
    op: str  # lt | lte
    limit: float
    unit: Unit  # of the metric: how its figures are shown
    file: str
    line: int
    part: str = ""
    severity: str = ""
    samples: int | None = None
    target: float | None = None
    is_required: bool = True

    @property
    def limit_text(self) -> str:
        """The limit as a person reads it: "< 5 min", "< 1 per million", "0"."""
        if self.unit is Unit.COUNT and self.limit == 0:
            return "0"
        return f"{_OPS[self.op]} {shown(self.limit, unit=self.unit)}"

    def is_met_by(self, value: float) -> bool:
        return value < self.limit if self.op == "lt" else value <= self.limit


@frozen(kw_only=True)
class Judgement:
    """How a measurement stands under an objective; computed anew each time, never stored.

    `best` and `worst` are the ends (s) of the latency that decided; `bound` the exact one-sided 95 % upper bound (share) of a
    rate, and `missing` how many more clean checks a rate still needs. `reason` is one sentence, "" for PASS.
    """

    objective: Objective
    measurement: Measurement
    verdict: Verdict
    value_text: str
    evidence_text: str
    missing: int | None = None
    bound: float | None = None
    best: float | None = None
    worst: float | None = None
    reason: str = ""


@frozen(kw_only=True)
class LeftOut:
    """An objective that is not required, and that had nothing to judge."""

    objective: Objective
    why: str


def judge_all(measurements: Mapping[str, Measurement], objectives: Iterable[Objective]) -> tuple[Judgement, ...]:
    """One judgement an objective, in their order, but for those that are left out. `measurements` are by metric id."""
    return tuple(
        judge(
            measurements.get(objective.metric)
            or missing(CATALOGUE[objective.metric], why="not measured by this version"),
            objective,
        )
        for objective in objectives
        if not _is_left_out(measurements.get(objective.metric), objective)
    )


def left_out(measurements: Mapping[str, Measurement], objectives: Iterable[Objective]) -> tuple[LeftOut, ...]:
    """Those that `judge_all` does not judge, and why."""
    return tuple(
        LeftOut(objective=objective, why=measurements[objective.metric].why_missing or "there was nothing of it")
        for objective in objectives
        if _is_left_out(measurements.get(objective.metric), objective)
    )


def _is_left_out(measurement: Measurement | None, objective: Objective) -> bool:
    return measurement is not None and measurement.is_absent and not objective.is_required


def judge(measurement: Measurement, objective: Objective) -> Judgement:
    """PASS only where the figures prove it: what is missing or could not be looked at never passes."""
    if measurement.metric != objective.metric:
        raise ValueError(f"objective {objective.name} is on {objective.metric}, not on {measurement.metric}")
    if measurement.unit is Unit.SECONDS:
        return _judge_latencies(measurement, objective)
    if measurement.why_missing or measurement.part is None or not measurement.whole:
        return _without(measurement, objective, why=measurement.why_missing or "nothing was looked at")
    if measurement.unit.is_rate:
        return _judge_rate(measurement, objective, part=measurement.part, whole=measurement.whole)
    return _judge_count(measurement, objective, part=measurement.part, whole=measurement.whole)


def shown(value: float, *, unit: Unit) -> str:
    """A figure as a person reads it: "4 min 30 s", "0.01 %", "1 per million", "1,204"."""
    match unit:
        case Unit.SECONDS:
            return _duration(value)
        case Unit.SHARE:
            return f"{_figure(value * 100)} %"
        case Unit.PER_MILLION:
            return f"{_figure(value * 1e6)} per million"
        case Unit.COUNT:
            return f"{value:,.0f}"


def _figure(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"  # noqa: PLR2004 - three digits before the point say enough


def _duration(seconds: float) -> str:
    if abs(seconds) < 0.1 and seconds != 0:  # noqa: PLR2004
        return f"{seconds * 1000:.3g} ms"
    if abs(seconds) < 100:  # noqa: PLR2004 - up to here, seconds read better than minutes
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{amount:,} {name}" for amount, name in parts if amount)


def _without(measurement: Measurement, objective: Objective, *, why: str) -> Judgement:
    return Judgement(
        objective=objective,
        measurement=measurement,
        verdict=Verdict.INCONCLUSIVE,
        value_text="not known",
        evidence_text=f"{measurement.unknown:,} could not be looked at" if measurement.unknown else "none",
        missing=_needed(objective, part=0) if measurement.unit.is_rate else None,
        reason=why,
    )


def _judge_latencies(measurement: Measurement, objective: Objective) -> Judgement:
    scope = [latency for latency in measurement.latencies if _is_in_scope(latency, objective)]
    if measurement.why_missing or not scope:
        return _without(measurement, objective, why=measurement.why_missing or "no incident of this kind")
    slowest = max(scope, key=lambda latency: _slowness(latency, objective))
    verdict = _of_latency(slowest, objective)
    if verdict is Verdict.PASS and measurement.unknown:
        verdict = Verdict.INCONCLUSIVE
    noun = "prompt" if measurement.metric == "M9" else "incident"
    incidents = len({latency.of for latency in scope})
    unknown = f", {measurement.unknown:,} could not be timed" if measurement.unknown else ""
    return Judgement(
        objective=objective,
        measurement=measurement,
        verdict=verdict,
        value_text=_span(slowest),
        evidence_text=f"{incidents:,} {noun}{'' if incidents == 1 else 's'}{unknown}",
        best=slowest.best_s,
        worst=slowest.worst_s,
        reason=_why_slow(verdict, slowest, measurement, objective),
    )


def _is_in_scope(latency: Latency, objective: Objective) -> bool:
    """An incident whose severity nobody declared is held to every objective."""
    is_part = not objective.part or latency.what == objective.part
    return is_part and (not objective.severity or latency.severity in {objective.severity, ""})


def _of_latency(latency: Latency, objective: Objective) -> Verdict:
    if latency.best_s is not None and not objective.is_met_by(latency.best_s):
        return Verdict.FAIL
    is_within = latency.worst_s is not None and objective.is_met_by(latency.worst_s)
    return Verdict.PASS if is_within else Verdict.INCONCLUSIVE


def _slowness(latency: Latency, objective: Objective) -> tuple[int, float, float]:
    rank = (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL).index(_of_latency(latency, objective))
    worst = math.inf if latency.worst_s is None else latency.worst_s
    return rank, worst, -math.inf if latency.best_s is None else latency.best_s


def _span(latency: Latency) -> str:
    if latency.interval is None:
        return "not known" if latency.at_least_s is None else f"more than {_duration(latency.at_least_s)}, still open"
    best, worst = _duration(latency.interval.earliest_s), _duration(latency.interval.latest_s)
    return best if best == worst else f"{best} to {worst}"


def _why_slow(verdict: Verdict, slowest: Latency, measurement: Measurement, objective: Objective) -> str:
    if verdict is Verdict.PASS:
        return ""
    if _of_latency(slowest, objective) is Verdict.PASS:
        return measurement.note or f"{measurement.unknown:,} could not be timed"
    who = slowest.scenario or f"request {slowest.of}"
    if slowest.interval is None and slowest.at_least_s is None:
        return f"{who}: {measurement.note or 'the time cannot be taken'}"
    spread = "" if verdict is Verdict.FAIL else ", which does not settle it"
    return f"{who} took {_span(slowest)} to be {slowest.what}; the limit is {objective.limit_text}{spread}"


def _judge_count(measurement: Measurement, objective: Objective, *, part: int, whole: int) -> Judgement:
    verdict, reason = Verdict.PASS, ""
    if not objective.is_met_by(part):
        where = f" ({', '.join(measurement.where)})" if measurement.where else ""
        verdict, reason = Verdict.FAIL, f"{part:,} of {whole:,}{where}; the limit is {objective.limit_text}"
    elif measurement.unknown:
        verdict, reason = Verdict.INCONCLUSIVE, f"{measurement.unknown:,} could not be looked at"
    return Judgement(
        objective=objective,
        measurement=measurement,
        verdict=verdict,
        value_text=f"{part:,} of {whole:,}",
        evidence_text=f"{_looked(measurement, whole=whole)}; true share below {shown(upper_bound(part, whole), unit=Unit.SHARE)}",
        reason=f"{reason}: {measurement.note}" if reason and measurement.note else reason,
    )


def _judge_rate(measurement: Measurement, objective: Objective, *, part: int, whole: int) -> Judgement:
    bound, wanted = upper_bound(part, whole), _needed(objective, part=part)
    verdict = _of_rate(objective, part=part, whole=whole)
    lacking = max(wanted - whole, 0)
    reason = "" if verdict is Verdict.PASS else _why_rate(verdict, objective, part=part, whole=whole, lacking=lacking)
    if verdict is Verdict.PASS and measurement.unknown:
        verdict, reason = Verdict.INCONCLUSIVE, f"{measurement.unknown:,} could not be looked at"
    return Judgement(
        objective=objective,
        measurement=measurement,
        verdict=verdict,
        value_text=f"{part:,} of {whole:,} ({shown(part / whole, unit=measurement.unit)})",
        evidence_text=f"{_looked(measurement, whole=whole)}; with 95 % confidence below {shown(bound, unit=measurement.unit)}",
        missing=lacking,
        bound=bound,
        reason=reason,
    )


def _of_rate(objective: Objective, *, part: int, whole: int) -> Verdict:
    """A number of checks that was set beforehand decides; before it, only a proven failure does."""
    is_due = objective.samples is not None and whole >= objective.samples
    if not objective.is_met_by(lower_bound(part, whole)) or (is_due and not objective.is_met_by(part / whole)):
        return Verdict.FAIL
    is_proven = objective.is_met_by(upper_bound(part, whole))
    return Verdict.PASS if is_proven and (is_due or objective.samples is None) else Verdict.INCONCLUSIVE


def _needed(objective: Objective, *, part: int) -> int:
    return max(needed(part, limit=objective.limit), objective.samples or 0)


def _why_rate(verdict: Verdict, objective: Objective, *, part: int, whole: int, lacking: int) -> str:
    if verdict is Verdict.FAIL:
        share = shown(part / whole, unit=objective.unit)
        return f"{part:,} of {whole:,} failed ({share}); the limit is {objective.limit_text}"
    failed = f" and {part:,} failed" if part else ""
    return f"{whole - part:,} clean{failed} of {whole + lacking:,} needed; {lacking:,} missing"


def _looked(measurement: Measurement, *, whole: int) -> str:
    unknown = f", {measurement.unknown:,} could not be" if measurement.unknown else ""
    return f"{whole:,} looked at{unknown}"


# What OpenSLO allows and gameday does not use is refused too, so that nothing that a user wrote is silently left out.


def load(path: Path) -> tuple[Objective, ...]:
    """The objectives of one OpenSLO v1 file, in their order; raises ConfigError with file, line and key."""
    objectives: dict[str, Objective] = {}
    for document in documents(path):
        for objective in _document(document):
            if objective.name in objectives:
                raise document.error(f"names {objective.name!r} twice", remedy="Give each objective its own name.")
            objectives[objective.name] = objective
    if not objectives:
        problem, remedy = "holds no objective", "Add a document of kind SLO."
        raise ConfigError(file=str(path), key="file", value=None, problem=problem, remedy=remedy)
    return tuple(objectives.values())


def _document(document: Value) -> Iterable[Objective]:
    top = document.keys("apiVersion", "kind", "metadata", "spec")
    top["apiVersion"].one_of("openslo/v1")
    top["kind"].one_of("SLO", remedy="Keep other kinds in other files, and write the indicator inside its SLO.")
    metadata = top["metadata"].keys("name", also=("displayName", "labels", "annotations"))
    spec = top["spec"].keys(
        "service", "indicator", "timeWindow", "budgetingMethod", "objectives", also=("description",)
    )
    _check_frame(spec)
    name = metadata["name"].text()
    if not _NAME.fullmatch(name):
        raise metadata["name"].error("is not a name", remedy="Use a-z, 0-9 and '-', 63 characters at most (RFC 1123).")
    metric = _metric(spec["indicator"])
    notes = _annotations(metadata, metric=metric)
    title = metadata.get("displayName") or spec.get("description") or metadata["name"]
    limits = spec["objectives"].items()
    for number, limit in enumerate(limits, start=1):
        own = name if len(limits) == 1 else f"{name}-{number}"
        yield _objective(limit, name=own, title=title.text(), metric=metric, notes=notes)


def _check_frame(spec: Mapping[str, Value]) -> None:
    spec["service"].text()
    spec["budgetingMethod"].one_of("Occurrences", remedy="gameday judges occurrences.")
    window = spec["timeWindow"].only().keys("duration", "isRolling")
    if not _DURATION.fullmatch(window["duration"].text()):
        raise window["duration"].error("is not a duration", remedy="Write one such as 1d or 4w; seconds do not exist.")
    window["isRolling"].is_true()


def _metric(indicator: Value) -> Metric:
    spec = indicator.keys("spec", also=("metadata",))["spec"].keys("thresholdMetric")
    source = spec["thresholdMetric"].keys("metricSource")["metricSource"].keys("type", "spec")
    source["type"].one_of("gameday")
    query = source["spec"].keys("query")["query"]
    return CATALOGUE[query.one_of(*CATALOGUE, remedy="Name a metric of gameday.")]


def _annotations(metadata: Mapping[str, Value], *, metric: Metric) -> dict[str, Value]:
    """Those of gameday, without their prefix. Other prefixes belong to others."""
    every = metadata["annotations"].mapping() if "annotations" in metadata else {}
    notes = {key.removeprefix(_OURS): value for key, value in every.items() if key.startswith(_OURS)}
    known = _known_notes(metric)
    for key, value in notes.items():
        if key not in known:
            allowed = ", ".join(_OURS + name for name in known) or "none"
            raise value.error(f"is not an annotation for {metric.id}", remedy=f"Known for it: {allowed}.")
    return notes


def _known_notes(metric: Metric) -> tuple[str, ...]:
    match metric.unit:
        case Unit.SECONDS:
            return ("unit", "required", "severity", *(("part",) if metric.id == "M3" else ()))
        case Unit.COUNT:
            return ("unit", "required")
        case _:
            return ("unit", "required", "samples")


def _objective(entry: Value, *, name: str, title: str, metric: Metric, notes: Mapping[str, Value]) -> Objective:
    inside = entry.keys("op", "value", "target", also=("displayName",))
    limit, target = inside["value"].number(), inside["target"].number()
    if not 0 <= target < 1:
        raise inside["target"].error("lies outside [0, 1)", remedy="Write 0.99; gameday holds every one to the limit.")
    op = inside["op"].one_of(
        *_OPS, remedy="Every metric measures what is bad, so that only an upper limit makes sense."
    )
    _check_limit(inside["value"], limit=limit, op=op, unit=metric.unit)
    if "unit" in notes:
        notes["unit"].one_of("share" if metric.unit.is_rate else metric.unit.value)
    return Objective(
        name=name,
        title=inside["displayName"].text() if "displayName" in inside else title,
        metric=metric.id,
        op=op,
        limit=limit,
        unit=metric.unit,
        file=entry.file,
        line=inside["value"].line,
        part=notes["part"].one_of(*_PARTS) if "part" in notes else "",
        severity=notes["severity"].one_of(*_SEVERITIES) if "severity" in notes else "",
        samples=_samples(notes["samples"]) if "samples" in notes else None,
        target=target,
        is_required=notes["required"].one_of("true", "false") == "true" if "required" in notes else True,
    )


def _check_limit(value: Value, *, limit: float, op: str, unit: Unit) -> None:
    if unit.is_rate and not _LEAST_SHARE <= limit < 1:
        raise value.error(
            "is not a share that checks can prove", remedy="Write 0.0001 for 0.01 %, 0.000001 for 1 per million."
        )
    if unit is Unit.COUNT and (limit < 0 or limit % 1):
        raise value.error("is not a count", remedy="Write a whole number, such as 0.")
    if unit is Unit.SECONDS and limit <= 0:
        raise value.error("is not a time limit", remedy="Write seconds, such as 300.")
    if unit is Unit.COUNT and op == "lt" and limit == 0:
        raise value.error("can never be met: nothing is below 0", remedy="Write op: lte.")


def _samples(value: Value) -> int:
    text = value.text()
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise value.error("is not a number of checks", remedy='Write it in quotes, such as "29956".')
    return int(text)
