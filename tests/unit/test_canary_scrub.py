"""What the scrubber lets through holds no canary."""

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameday.canary.families import FAMILIES
from gameday.canary.find import Finder
from gameday.canary.key import SiteKey
from gameday.canary.mint import Mint
from gameday.canary.scrub import Scrubber

KEY = SiteKey(b"s" * 32)
MINT = Mint(KEY, run="run-1", seed=1, tenants=("acme",))
CANARIES = [MINT.canary(family, tenant="acme") for family in FAMILIES]
SCRUBBER = Scrubber(Finder(KEY, CANARIES))


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.family)
@pytest.mark.parametrize("change", [str, str.upper, json.dumps], ids=["raw", "upper", "json"])
def test_every_literal_becomes_the_name_of_its_canary(canary: object, change: Callable[[str], str]) -> None:
    one = next(each for each in CANARIES if each is canary)
    scrubbed = SCRUBBER.scrub(f"before {change(one.text)} after é\ud800")
    assert (one.token in scrubbed.lower(), SCRUBBER.holds(scrubbed)) == (False, False)
    if change is str or one.text.isascii():
        assert f"[canary {one.id}]" in scrubbed
        assert scrubbed.startswith("before ")
        assert scrubbed.endswith(" after é\ud800")
    else:  # a letter that looks otherwise in capitals or escaped: then all of it is withheld
        assert one.id in scrubbed


def test_a_text_with_an_encoded_canary_is_withheld_whole() -> None:
    text = "and then: " + base64.b64encode(CANARIES[0].text.encode()).decode()
    assert SCRUBBER.holds(text)
    assert SCRUBBER.scrub(text) == f"[withheld: it held canary {CANARIES[0].id}]"


def test_a_text_that_cannot_be_searched_completely_is_withheld() -> None:
    text = "A harmless line of text, at first sight"
    for _ in range(7):
        text = base64.b64encode(text.encode()).decode()
    assert SCRUBBER.holds(text)
    assert SCRUBBER.scrub(text) == "[withheld: too much of it is encoded to be searched]"


@given(text=st.text())
def test_a_text_without_canaries_stays_as_it_is(text: str) -> None:
    assert SCRUBBER.scrub(text) == text
    assert not SCRUBBER.holds(text)


@settings(deadline=None)
@given(
    parts=st.lists(st.one_of(st.integers(0, len(CANARIES) - 1), st.text(max_size=5)), max_size=8), cut=st.integers(0, 3)
)
def test_nothing_that_can_be_found_comes_out(parts: list[int | str], cut: int) -> None:
    text = "".join(CANARIES[part].text[cut:] if isinstance(part, int) else part for part in parts)
    scrubbed = SCRUBBER.scrub(text)
    assert SCRUBBER.holds(scrubbed) is False
    assert not any(literal in scrubbed for one in CANARIES for literal in (one.token, *one.values))
