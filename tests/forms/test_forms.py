"""Each listed form, from the mint to the finder: exactly the canary that was laid is found, and nothing else.

GAMEDAY_FORMS_EXAMPLES says how many bodies of each form are tried, fresh ones in each run (default: the same few).
"""

import itertools
import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameday.canary.key import SiteKey
from tests.forms.catalogue import FORMS
from tests.forms.form import Form, Missing
from tests.forms.nests import PACKS, packed_in_turn
from tests.forms.planting import ISSUED, Planting, canaries, finder, minted
from tests.forms.tiers import DEEP, MISSED

EXAMPLES: Final = os.environ.get("GAMEDAY_FORMS_EXAMPLES")
THOROUGH: Final = settings(max_examples=int(EXAMPLES or 8), deadline=None, derandomize=not EXAMPLES, database=None)
PAGE: Final = Path(__file__).parents[2] / "docs" / "forms.md"
OTHER_SITE: Final = minted(key=SiteKey(b"o" * 32), count=1)[0]

PLANTINGS: Final = st.builds(
    Planting,
    number=st.integers(0, ISSUED - 1),
    seed=st.integers(0, 2**32 - 1),
    lines_before=st.integers(0, 9),
    lines_after=st.integers(0, 9),
)
TEXTS: Final = (
    "base64",
    "base64 for URLs",
    "wrapped base64",
    "hex",
)  # bytes that were packed become text in one of these
CHAINS: Final = st.lists(
    st.tuples(
        st.sampled_from(sorted(PACKS)),
        st.sampled_from([(), *((text, *more) for text in TEXTS for more in ((), ("JSON",)))]),
    ),
    min_size=1,
    max_size=3,
).map(lambda pairs: [name for pack, spelt in pairs for name in (pack, *spelt)])


def _cases(names: set[str]) -> list[object]:
    return [pytest.param(FORMS[name], id=name) for name in FORMS if name in names]


def _found(body: bytes, *, deep: bool = False) -> set[str]:
    return {sighting.canary for sighting in finder().find(body, deep=deep).sightings}


def _body(form: Form, planting: Planting) -> bytes:
    try:
        return planting.body(form)
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("form", _cases(set(FORMS) - DEEP - MISSED))
def test_a_canary_is_found_in_each_covered_form_and_nothing_else_is(form: Form) -> None:
    @THOROUGH
    @given(planting=PLANTINGS)
    def holds(planting: Planting) -> None:
        assert _found(_body(form, planting)) == {planting.canary_id}

    holds()


@pytest.mark.parametrize("form", _cases(set(DEEP)))
def test_a_deep_search_finds_what_a_quick_one_does_not_claim(form: Form) -> None:
    @THOROUGH
    @given(planting=PLANTINGS)
    def holds(planting: Planting) -> None:
        body = _body(form, planting)
        assert _found(body, deep=True) == {planting.canary_id}
        assert _found(body) <= {planting.canary_id}

    holds()


@pytest.mark.parametrize("form", _cases(set(MISSED)))
def test_a_form_that_is_not_covered_yields_the_canary_or_nothing_and_is_published(form: Form) -> None:
    planting = Planting(number=3, seed=5, lines_before=2, lines_after=2)
    assert _found(_body(form, planting), deep=True) <= {planting.canary_id}
    assert f"| {form.name} |" in PAGE.read_text().partition("## Not covered")[2]


@pytest.mark.parametrize("form", _cases(set(FORMS)))
def test_another_sites_token_is_never_taken_for_ours(form: Form) -> None:
    planting = Planting(number=0, seed=11, lines_before=2, lines_after=2)
    try:
        body = planting.body_with(form, token=OTHER_SITE.token)
    except Missing as missing:
        pytest.skip(str(missing))
    assert not _found(body)


@THOROUGH
@given(chain=CHAINS, planting=PLANTINGS)
def test_packed_forms_may_lie_in_one_another(chain: list[str], planting: Planting) -> None:
    body = packed_in_turn(planting.body(FORMS["raw"]), chain)
    is_written = {name for pack, name in itertools.pairwise(chain) if pack == "tar"}  # nothing announces a tar in text
    assert _found(body, deep=bool(is_written & {*TEXTS})) == {planting.canary_id}


def test_a_prompt_is_found_whole_beside_its_token() -> None:
    """What is laid above is the token alone; here it is the text as it was minted."""
    for canary in canaries():
        (sighting,) = finder().find(canary.text.encode()).sightings
        assert sighting.canary == canary.id
        assert "token" in sighting.parts


def test_each_form_is_claimed_once() -> None:
    assert set(FORMS) >= DEEP | MISSED
    assert not DEEP & MISSED
