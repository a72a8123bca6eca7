"""Forms made by programs other than ours: what they write is found, by the same finder."""

import pytest

from tests.forms.catalogue import FORMS
from tests.forms.form import Form, Missing
from tests.forms.planting import Planting, finder
from tests.forms.programs import PROGRAMS
from tests.forms.test_forms import PAGE
from tests.forms.tiers import PROGRAMS_DEEP, PROGRAMS_MISSED

SEEDS = (1, 2)


def _body(form: Form, seed: int) -> tuple[str, bytes]:
    planting = Planting(number=seed, seed=seed, lines_before=2, lines_after=2)
    try:
        return planting.canary_id, planting.body(form)
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_what_other_programs_write_is_found(name: str, seed: int) -> None:
    canary, body = _body(PROGRAMS[name], seed)
    found = {sighting.canary for sighting in finder().find(body, deep=name not in _QUICK).sightings}
    assert found <= {canary}
    if name in PROGRAMS_MISSED:
        assert f"| {name} |" in PAGE.read_text().partition("## Not covered")[2]
    else:
        assert found


_QUICK = set(PROGRAMS) - PROGRAMS_DEEP - PROGRAMS_MISSED


def test_a_programs_form_has_a_name_of_its_own() -> None:
    assert not PROGRAMS.keys() & FORMS.keys()
    assert PROGRAMS.keys() >= PROGRAMS_DEEP | PROGRAMS_MISSED
