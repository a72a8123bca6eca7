"""Tokens: told from anything else by the holder of the key, with no table."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.canary.key import SiteKey
from gameday.canary.token import ALPHABET, Mixing, TokenId, Tokens

TOKENS = Tokens(SiteKey(b"1" * 32))
IDS = st.builds(
    TokenId,
    run=st.integers(0, 1023),
    tenant=st.integers(0, 7),
    slot=st.integers(0, 7),
    serial=st.integers(0, 65535),
)


@given(token_id=IDS)
def test_a_token_gives_back_what_it_stands_for(token_id: TokenId) -> None:
    token = TOKENS.mint(token_id)
    assert (len(token), TOKENS.check(token) == token_id, TOKENS.check(token.upper()) == token_id) == (19, True, True)
    assert TokenId.unpacked(token_id.packed()) == token_id


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


@given(numbers=st.sets(st.integers(0, 2**32 - 1), min_size=2, max_size=50))
def test_mixed_numbers_never_collide(numbers: set[int]) -> None:
    mixing = Mixing(SiteKey(b"3" * 32), purpose=b"test")
    assert len({mixing.mix(number) for number in numbers}) == len(numbers)
    assert {mixing.unmix(mixing.mix(number)) for number in numbers} == numbers
