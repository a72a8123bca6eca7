"""In which forms which scanner finds what: the table of docs/forms.md.

Run: python -m benchmarks.forms [--canaries 60] [--into docs/forms.md] [--claims tests/forms/tiers.py]. The other scanners are
given a GitHub token, which all of them know raw, in the place of ours; ripgrep is given our token as it was minted.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from attrs import define, field

from benchmarks.rivals import RIVALS, ripgrep
from gameday.canary.families import FAMILIES
from gameday.canary.mint import Mint
from tests.forms.catalogue import GROUPS
from tests.forms.form import Form, Missing
from tests.forms.planting import ISSUED, KEY, Planting, canaries, finder
from tests.forms.programs import PROGRAMS
from tests.forms.tiers import DEEP, MISSED, PROGRAMS_DEEP, PROGRAMS_MISSED

MARK: Final = "<!-- Below: written by `python -m benchmarks.forms --into docs/forms.md`. -->"
RIVAL_BODIES: Final = 5  # of each form
COLUMNS: Final = ("gameday", "gameday --deep", "gitleaks", "kingfisher", "ripgrep")


@define
class Row:
    """Recall by column; None where it could not be measured."""

    form: Form
    recall: dict[str, float | None] = field(factory=dict)

    def line(self, columns: tuple[str, ...]) -> str:
        return f"| {self.form.name} | " + " | ".join(_shown(self.recall.get(column)) for column in columns) + " |"


def _shown(recall: float | None) -> str:
    return "not here" if recall is None else f"{recall:.2f}"


def _plantings(count: int) -> Iterator[Planting]:
    for seed in range(count):
        yield Planting(number=seed % ISSUED, seed=seed, lines_before=seed % 5, lines_after=seed % 3)


def _found(body: bytes, canary: str, *, deep: bool) -> bool:
    return any(sighting.canary == canary for sighting in finder().find(body, deep=deep).sightings)


def _ours(form: Form, *, count: int) -> dict[str, float | None]:
    """What a quick search finds a deep one is not asked again."""
    quick = deep = 0
    try:
        for planting in _plantings(count):
            body = planting.body(form)
            is_quick = _found(body, planting.canary_id, deep=False)
            quick += is_quick
            deep += is_quick or _found(body, planting.canary_id, deep=True)
    except Missing:
        return {}
    return {"gameday": quick / count, "gameday --deep": deep / count}


def _laid(folder: Path, forms: list[Form], *, token: Callable[[int], str]) -> None:
    """A file for each form and number, named by them."""
    for place, form in enumerate(forms):
        for planting in _plantings(RIVAL_BODIES):
            body = _body(form, planting, token(planting.number))
            if body is not None:
                folder.joinpath(f"{place:04d}-{planting.seed}").write_bytes(body)


def _body(form: Form, planting: Planting, token: str) -> bytes | None:
    try:
        return planting.body_with(form, token=token)
    except Missing:
        return None


def _tallied(forms: list[Form], files: set[str], folder: Path) -> dict[str, float | None]:
    laid = {path.name for path in folder.iterdir()}
    return {
        form.name: _share([name in files for name in laid if name.startswith(f"{place:04d}-")])
        for place, form in enumerate(forms)
    }


def _share(found: list[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def _secrets() -> list[str]:
    (family,) = (family for family in FAMILIES if family.name == "github_token")
    mint = Mint(KEY, run="rivals", seed=1, tenants=("acme",))
    return [mint.canary(family, tenant="acme").values[0] for _ in range(RIVAL_BODIES)]


def _rivals(forms: list[Form]) -> dict[str, dict[str, float | None]]:
    """By column and form."""
    with tempfile.TemporaryDirectory() as name:
        folder, secrets = Path(name), _secrets()
        _laid(folder, forms, token=lambda number: secrets[number])
        return {
            rival.name: _tallied(forms, rival.files_with_findings(folder), folder)
            for rival in RIVALS
            if rival.is_here()
        }


def _ripgrep(forms: list[Form]) -> dict[str, float | None]:
    with tempfile.TemporaryDirectory() as name, tempfile.NamedTemporaryFile("w") as patterns:
        folder = Path(name)
        _laid(folder, forms, token=lambda number: canaries()[number].token)
        patterns.write("\n".join(canary.token for canary in canaries()))
        patterns.flush()
        found = ripgrep(folder, literals=Path(patterns.name), words=("-l", "-i"))
        return _tallied(forms, {Path(line).name for line in found.stdout.splitlines()}, folder)


def measured(*, count: int) -> dict[str, list[Row]]:
    groups = {**GROUPS, "By other programs": tuple(PROGRAMS.values())}
    forms = [form for group in groups.values() for form in group]
    others = {**_rivals(forms), "ripgrep": _ripgrep(forms)}
    return {name: [_row(form, others, count=count) for form in group] for name, group in groups.items()}


def _row(form: Form, others: dict[str, dict[str, float | None]], *, count: int) -> Row:
    few = count if form.name not in PROGRAMS else min(count, RIVAL_BODIES)
    return Row(form, {**_ours(form, count=few), **{column: recall[form.name] for column, recall in others.items()}})


def _table(rows: list[Row], columns: tuple[str, ...]) -> list[str]:
    head = "| form | " + " | ".join(columns) + " |"
    return [head, "|---" * (len(columns) + 1) + "|", *(row.line(columns) for row in rows), ""]


def page(groups: dict[str, list[Row]], *, count: int) -> str:
    rows = [row for group in groups.values() for row in group]
    tiers = Counter(map(_tier, rows))
    counts = f"{tiers['quick']} of {len(rows)} forms are covered; {tiers['deep']} need `--deep`; {tiers['missed']} are not covered."
    few = f"{RIVAL_BODIES} of programs', and for the other scanners"
    lines = [f"Measured with {count} canaries a form ({few}). {counts}", ""]
    for name, group in groups.items():
        shown = [row for row in group if _tier(row) != "missed"]
        lines += [f"## {name}", "", *_table(shown, COLUMNS)] if shown else []
    lines += ["## Not covered", "", "What is found of these is found by luck.", ""]
    lines += _table([row for row in rows if _tier(row) == "missed"], COLUMNS)
    return "\n".join(lines)


def _tier(row: Row) -> str:
    quick, deep = row.recall.get("gameday"), row.recall.get("gameday --deep")
    if quick is None or deep is None:
        return _claimed(row)
    return "quick" if quick == 1 else "deep" if deep == 1 else "missed"


def _claimed(row: Row) -> str:
    name = row.form.name
    return "missed" if name in MISSED | PROGRAMS_MISSED else "deep" if name in DEEP | PROGRAMS_DEEP else "quick"


def _disputed(rows: list[Row]) -> Iterator[str]:
    """Where `tiers` and the measurement disagree."""
    for row in rows:
        if _claimed(row) != _tier(row):
            recall = f"{_shown(row.recall.get('gameday'))} and {_shown(row.recall.get('gameday --deep'))}"
            yield f"{row.form.name}: claimed as {_claimed(row)}, measured {recall}"


def claims(rows: list[Row]) -> str:
    """The file of claims as it would have to be."""
    lines = [
        '"""Which forms the finder claims. What stands in none of these is found in a quick search, always."""',
        "",
    ]
    lines += ["from typing import Final", ""]
    for prefix, is_program in (("", False), ("PROGRAMS_", True)):
        for tier in ("deep", "missed"):
            names = [row.form.name for row in rows if _tier(row) == tier and (row.form.name in PROGRAMS) == is_program]
            lines += [
                f"{prefix}{tier.upper()}: Final[frozenset[str]] = frozenset(",
                "    {",
                *(f"        {json.dumps(name)}," for name in names),
            ]
            lines += ["    }", ")"]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--canaries", type=int, default=60, help="of each form (default: 60)")
    parser.add_argument("--into", type=Path, help="replace what stands below the mark in this file")
    parser.add_argument("--claims", type=Path, help="write what was measured as the claims")
    options = parser.parse_args()
    groups = measured(count=options.canaries)
    rows = [row for group in groups.values() for row in group]
    for line in _disputed(rows):
        print(line, file=sys.stderr)
    if options.claims:
        options.claims.write_text(claims(rows))
    if options.into:
        above = options.into.read_text().partition(MARK)[0]
        options.into.write_text(f"{above}{MARK}\n\n{page(groups, count=options.canaries)}")
    elif not options.claims:
        print(page(groups, count=options.canaries))


if __name__ == "__main__":
    main()
