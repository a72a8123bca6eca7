"""The end of a run in a terminal: a few lines, the last of which is the verdict."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from gameday.gate import Gate
from gameday.metrics.phases import runs_of
from gameday.report.facts_view import run_name, system_name, took
from gameday.report.gate_view import gate_name, measured, worst_first
from gameday.report.text import NBSP, number
from gameday.slo import Judgement, LeftOut
from gameday.timeline import Timeline
from gameday.verdict import Verdict

_MOST_REASONS: Final = 5


def terminal_summary(timeline: Timeline, gates: Sequence[Gate], report_path: Path | str | None) -> list[str]:
    """Plain lines. The last is exactly `verdict: PASS`, `verdict: FAIL` or `verdict: INCONCLUSIVE`: today's gate."""
    runs = runs_of(timeline)
    lines = [_head(runs[-1] if runs else timeline)]
    lines += _figures(gates[:1])
    lines += _reasons(gates[0].reasons if gates else ("no gate was named, so that nothing was judged",))
    for index, gate in enumerate(gates[1:], start=1):
        lines += _unproven(gate, name=gate_name(index))
    if report_path is not None:
        lines.append(f"report: {report_path}")
    verdict = gates[0].verdict if gates else Verdict.INCONCLUSIVE
    return [_printable(line) for line in (*lines, f"verdict: {verdict.value}")]


def gate_lines(gate: Gate) -> list[str]:
    """One gate by itself, every reason named. The last line is its verdict."""
    lines = [*_figures((gate,)), *(f"  - {reason}" for reason in gate.reasons), f"verdict: {gate.verdict.value}"]
    return [_printable(line) for line in lines]


def _head(run: Timeline) -> str:
    cut = "" if run.has_ended else ", cut off before its end"
    return f"gameday run {run_name(run)}: {system_name(run)}, {took(run) or 'no time'}{cut}"


def _figures(gates: Iterable[Gate]) -> list[str]:
    """The worst end of each objective against its limit, in columns."""
    rows = [row for gate in gates for row in (*map(_figure, worst_first(gate.judgements)), *map(_none, gate.left_out))]
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return [
        f"  {'  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))}  {row[-1]}" for row in rows
    ]


def _figure(one: Judgement) -> tuple[str, str, str, str, str]:
    value, detail = measured(one)
    name = f"{one.objective.metric} {one.objective.part}".strip()
    shown = f"{value} ({detail})" if detail else value
    return (name, shown, f"limit {one.objective.limit_text}", one.verdict.value, one.objective.title)


def _none(one: LeftOut) -> tuple[str, str, str, str, str]:
    return (one.objective.metric, "nothing", f"limit {one.objective.limit_text}", "not judged", one.objective.title)


def _reasons(reasons: Sequence[str]) -> list[str]:
    more = len(reasons) - _MOST_REASONS
    shown = [f"  - {reason}" for reason in reasons[:_MOST_REASONS]]
    return [*shown, f"  - and {number(more)} more, in the report"] if more > 0 else shown


def _unproven(gate: Gate, *, name: str) -> list[str]:
    lacking = [one for one in worst_first(gate.judgements) if one.verdict is not Verdict.PASS]
    reasons = tuple(f"{one.objective.metric}: {one.reason or one.verdict.value}" for one in lacking)
    return [f"{name.lower()}: {gate.verdict.value}", *_reasons(reasons)]


def _printable(line: str) -> str:
    """One line without control characters: what a scenario or a server calls itself must not steer a terminal."""
    shown = "".join(char if char.isprintable() or char == NBSP else " " for char in line)
    return shown.replace(NBSP, " ")
