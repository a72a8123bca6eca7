"""Tokens: told from anything else by the holder of the key, with no table."""

import datetime as dt
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.canary.key import SiteKey
from gameday.canary.token import ALPHABET, EPOCH, Checked, Mixing, Part, TokenId, Tokens, day_of

TOKENS = Tokens(SiteKey(b"1" * 32))
IDS = st.builds(
    TokenId,
    day=st.integers(0, 1023),
    run=st.integers(0, 31),
    tenant=st.integers(0, 7),
    slot=st.integers(0, 15),
    serial=st.integers(0, 32767),
)


@given(token_id=IDS, part=st.sampled_from(Part))
def test_a_token_gives_back_what_it_stands_for_and_as_what(token_id: TokenId, part: Part) -> None:
    token, checked = TOKENS.mint(token_id, part=part), Checked(token_id, part)
    assert (len(token), TOKENS.check(token) == checked, TOKENS.check(token.upper()) == checked) == (19, True, True)
    assert TokenId.unpacked(token_id.packed()) == token_id


@given(days=st.integers(0, 5000))
def test_a_token_tells_the_day_that_it_was_minted_on(days: int) -> None:
    date = EPOCH + dt.timedelta(days=days)
    token_id = TokenId(day=day_of(date), run=0, tenant=0, slot=0, serial=0)
    assert (date - token_id.minted_on).days % 1024 == 0


def test_runs_that_share_a_number_seldom_begin_at_the_same_serial() -> None:
    begins = {(TOKENS.run_number(f"run-{number}"), TOKENS.first_serial(f"run-{number}")) for number in range(500)}
    assert len(begins) == 500


@given(token_id=IDS, other=IDS)
def test_the_id_of_a_canary_is_its_own_and_holds_nothing_of_the_token(token_id: TokenId, other: TokenId) -> None:
    assert (TOKENS.canary_id(token_id) == TOKENS.canary_id(other)) == (token_id == other)
    assert TOKENS.marker.decode() not in TOKENS.canary_id(token_id)


@given(token_id=IDS)
def test_every_fragment_of_twelve_characters_holds_the_marker(token_id: TokenId) -> None:
    token = TOKENS.mint(token_id).encode()
    assert all(TOKENS.marker in token[start : start + 12] for start in range(8))


@given(token_id=IDS, place=st.integers(0, 18), step=st.integers(1, 24))
def test_a_token_with_one_other_character_is_rejected(token_id: TokenId, place: int, step: int) -> None:
    token = TOKENS.mint(token_id)
    other = ALPHABET[(ALPHABET.index(token[place]) + step) % 25]
    assert TOKENS.check(token[:place] + other + token[place + 1 :]) is None


@given(token_id=IDS)
def test_another_key_knows_no_token_of_this_one(token_id: TokenId) -> None:
    assert Tokens(SiteKey(b"2" * 32)).check(TOKENS.mint(token_id)) is None


def test_a_tag_cannot_be_guessed() -> None:
    rng = random.Random(3)
    marker = TOKENS.marker.decode()
    forged = ("".join(rng.choices(ALPHABET, k=7)) + marker + "".join(rng.choices(ALPHABET, k=7)) for _ in range(50_000))
    assert sum(TOKENS.check(token) is not None for token in forged) == 0


@pytest.mark.parametrize("text", ["", "x", "0" * 18, "0" * 19, "0" * 20, "\N{KELVIN SIGN}" * 19, "aeiou" * 4])
def test_what_is_no_token_is_none(text: str) -> None:
    assert TOKENS.check(text) is None


def test_the_marker_depends_on_the_key_and_is_no_part_of_a_hexadecimal_id() -> None:
    markers = {Tokens(SiteKey(bytes([number]) * 32)).marker for number in range(64)}
    assert len(markers) > 32
    assert all(marker[1:2] not in b"abcdef" and marker[3:4] not in b"abcdef" for marker in markers)


@given(numbers=st.sets(st.integers(0, 2**38 - 1), min_size=2, max_size=50))
def test_mixed_numbers_never_collide(numbers: set[int]) -> None:
    mixing = Mixing(SiteKey(b"3" * 32), purpose=b"test")
    assert len({mixing.mix(number) for number in numbers}) == len(numbers)
    assert {mixing.unmix(mixing.mix(number)) for number in numbers} == numbers
