"""What is said of a token: whose it is, from the key alone, and never the token itself."""

import datetime as dt
import random
from typing import Final

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from gameday.canary.key import SiteKey
from gameday.canary.mint import SLOTS, Canary
from gameday.canary.token import (
    ALPHABET,
    DAY_BITS,
    MARKER_CHARS,
    SERIAL_BITS,
    SIDE_CHARS,
    TOKEN_CHARS,
    Part,
    TokenId,
    Tokens,
    day_of,
)
from gameday.canary.whois import FRAGMENT_CHARS, Answer, Kind, lines, status, whois
from gameday.errors import UsageError

KEY: Final = SiteKey(b"k" * 32)
OLD_KEY: Final = SiteKey(b"o" * 32)
OTHER: Final = SiteKey(b"x" * 32)
TOKENS: Final = Tokens(KEY)
TODAY: Final = dt.date(2026, 11, 23)
TENANTS: Final = ("acme", "globex", "initech")


def _number(serial: int, *, day: int = day_of(TODAY)) -> TokenId:
    return TokenId(day=day, run=5, tenant=serial % 3, slot=serial % len(SLOTS), serial=serial)


def _canary(token_id: TokenId) -> Canary:
    value = "pre" + TOKENS.mint(token_id, part=Part.VALUE).upper() + "post"
    return Canary(
        id=TOKENS.canary_id(token_id),
        family="opaque",
        locale="",
        tenant=TENANTS[token_id.tenant],
        slot=SLOTS[token_id.slot],
        serial=token_id.serial,
        token_id=token_id,
        is_secret=False,
        is_redactable=False,
        fingerprint="00000000",
        token=TOKENS.mint(token_id),
        values=(value,),
        anchors=(),
        text=f"keep {value} (ref {TOKENS.mint(token_id)})",
    )


CANARIES: Final = [_canary(_number(serial)) for serial in range(300)]
NUMBERS: Final = st.builds(_number, st.integers(0, (1 << SERIAL_BITS) - 1))


def _ask(text: str, *, canaries: list[Canary] = CANARIES, keys: tuple[SiteKey, ...] = (OLD_KEY, KEY)) -> list[Answer]:
    return whois(text, keys=keys, canaries=canaries, today=TODAY)


def _one(text: str, *, canaries: list[Canary] = CANARIES) -> Answer:
    (answer,) = _ask(text, canaries=canaries)
    return answer


@given(number=NUMBERS, part=st.sampled_from(Part), is_upper=st.booleans())
def test_the_key_alone_tells_what_a_token_stands_for(number: TokenId, part: Part, is_upper: bool) -> None:  # noqa: FBT001
    token = TOKENS.mint(number, part=part)
    answer = _one(f" {token.upper() if is_upper else token}\n", canaries=[])
    assert (answer.kind, answer.offset, answer.size) == (Kind.OURS, 1, TOKEN_CHARS)
    assert (answer.canaries, answer.key_id) == ((TOKENS.canary_id(number),), KEY.key_id)
    assert (answer.run, answer.tenant, answer.slot) == (number.run, number.tenant, SLOTS[number.slot])
    assert (answer.minted_on, answer.tenant_name, answer.part) == (TODAY, None, part)


def test_the_canaries_at_hand_tell_the_name_of_the_tenant() -> None:
    assert [_one(canary.token).tenant_name for canary in CANARIES[:6]] == [*TENANTS, *TENANTS]


@pytest.mark.parametrize(
    ("age_days", "kind"),
    [(0, Kind.OURS), (365, Kind.OURS), (366, Kind.EXPIRED), ((1 << DAY_BITS) - 1, Kind.EXPIRED)],
)
def test_a_token_expires_with_its_date(age_days: int, kind: Kind) -> None:
    minted_on = TODAY - dt.timedelta(days=age_days)
    answer = _one(TOKENS.mint(_number(3, day=day_of(minted_on))))
    assert (answer.kind, answer.minted_on) == (kind, minted_on)


@given(number=NUMBERS, today=st.dates(dt.date(2026, 1, 1), dt.date(2040, 1, 1)), age_days=st.integers(0, 1023))
def test_the_date_is_right_however_often_the_days_began_again(number: TokenId, today: dt.date, age_days: int) -> None:
    minted_on = today - dt.timedelta(days=age_days)
    token = TOKENS.mint(_number(number.serial, day=day_of(minted_on)))
    assert [answer.minted_on for answer in whois(token, keys=[KEY], today=today)] == [minted_on]


@given(number=NUMBERS, place=st.integers(0, 2 * SIDE_CHARS - 1), step=st.integers(1, len(ALPHABET) - 1))
def test_a_token_with_one_character_changed_is_forged(number: TokenId, place: int, step: int) -> None:
    token = list(TOKENS.mint(number))
    place += MARKER_CHARS if place >= SIDE_CHARS else 0
    token[place] = ALPHABET[(ALPHABET.index(token[place]) + step) % len(ALPHABET)]
    assert [(answer.kind, answer.canaries) for answer in _ask("".join(token), canaries=[])] == [(Kind.FORGED, ())]


@given(number=NUMBERS)
@example(number=_number(6274))  # holds the marker of one of our keys by chance
def test_a_token_of_another_site_is_foreign(number: TokenId) -> None:
    answer = _one(Tokens(OTHER).mint(number))
    assert (answer.kind, answer.key_id, answer.canaries) == (Kind.FOREIGN, None, ())


def test_every_key_is_tried() -> None:
    text = f"{Tokens(OLD_KEY).mint(_number(1))} {TOKENS.mint(_number(2))} {Tokens(OTHER).mint(_number(3))}"
    assert [answer.key_id for answer in _ask(text)] == [OLD_KEY.key_id, KEY.key_id, None]


def test_a_token_of_one_key_is_no_forgery_of_another_with_the_same_marker() -> None:
    keys = (SiteKey(b"%032d" % number) for number in range(100_000))
    twin = next(key for key in keys if Tokens(key).marker == TOKENS.marker)
    for both in ((KEY, twin), (twin, KEY)):
        assert [(one.kind, one.key_id) for one in _ask(CANARIES[0].token, keys=both)] == [(Kind.OURS, KEY.key_id)]


@given(
    number=st.integers(0, len(CANARIES) - 1),
    size=st.integers(FRAGMENT_CHARS, TOKEN_CHARS - 1),
    start=st.integers(0, TOKEN_CHARS - FRAGMENT_CHARS),
    part=st.sampled_from(Part),
)
def test_any_twelve_characters_of_a_token_lead_to_its_canary(number: int, size: int, start: int, part: Part) -> None:
    canary = CANARIES[number]
    start = min(start, TOKEN_CHARS - size)
    piece = TOKENS.mint(canary.token_id, part=part)[start : start + size]
    for text in (piece, f"x {piece.upper()} y", f"<{piece}>"):
        answer = _one(text)
        assert (answer.kind, answer.canaries, answer.tenant_name) == (Kind.FRAGMENT, (canary.id,), canary.tenant)


@given(number=st.integers(0, len(CANARIES) - 1), fewer=st.integers(1, 7), seed=st.integers(0, 99))
def test_a_fragment_that_other_characters_touch_is_found_as_well(number: int, fewer: int, seed: int) -> None:
    canary = CANARIES[number]
    glued = canary.token[:-fewer] + "".join(random.Random(seed).choices(ALPHABET, k=fewer))
    assert _one(glued).canaries == (canary.id,)


def test_a_fragment_without_a_list_says_what_would_resolve_it() -> None:
    piece = CANARIES[0].token[:-3]
    answer = _one(piece, canaries=[])
    assert (answer.kind, answer.canaries, answer.key_id) == (Kind.FRAGMENT, (), KEY.key_id)
    assert "--canaries FILE" in lines([answer])[0]
    other = _one(piece, canaries=CANARIES[1:])
    assert (other.kind, other.canaries, other.searched) == (Kind.FRAGMENT, (), len(CANARIES) - 1)
    assert "give the file of the run" in lines([other])[0]


def test_a_fragment_that_several_have_names_them_all() -> None:
    twin = _canary(_number(9000))
    shared = CANARIES[0].token[:SIDE_CHARS] + CANARIES[0].token[SIDE_CHARS:-SIDE_CHARS]
    values = (shared + TOKENS.mint(_number(9001))[-SIDE_CHARS:],)
    answer = _one(shared, canaries=[*CANARIES, evolve(twin, values=values)])
    assert answer.kind is Kind.AMBIGUOUS
    assert answer.canaries == tuple(sorted([CANARIES[0].id, twin.id]))


@pytest.mark.parametrize("size", [0, 1, FRAGMENT_CHARS - 1])
def test_less_than_twelve_characters_are_refused(size: int) -> None:
    with pytest.raises(UsageError, match=r"12\. Give more of it"):
        _ask(f"  {CANARIES[0].token[:size]}\n")


@given(text=st.text(alphabet=st.characters(), min_size=FRAGMENT_CHARS).filter(lambda text: len(text.strip()) >= 12))
def test_other_text_yields_nothing(text: str) -> None:
    assert _ask(text) == []


@given(before=st.text(max_size=40), number=NUMBERS, after=st.text(max_size=40))
def test_a_token_is_found_and_placed_within_any_text(before: str, number: TokenId, after: str) -> None:
    answers = _ask(f"{before} {TOKENS.mint(number)} {after}")
    assert (Kind.OURS, len(before) + 1) in [(answer.kind, answer.offset) for answer in answers]


def test_the_status_tells_whether_all_none_or_some_are_known() -> None:
    ours, foreign = _one(CANARIES[0].token), _one(Tokens(OTHER).mint(_number(1)))
    forged = _one(CANARIES[0].token[:-1] + "0", canaries=[])
    piece, lost = _one(CANARIES[0].token[:-1]), _one(CANARIES[0].token[:-1], canaries=[])
    old = whois(CANARIES[0].token, keys=[KEY], today=TODAY + dt.timedelta(days=400))
    assert [status(each) for each in ([ours], [ours, piece], old)] == [0, 0, 0]
    assert [status(each) for each in ([], [foreign], [forged, foreign])] == [1, 1, 1]
    assert [status(each) for each in ([lost], [ours, lost], [ours, foreign])] == [2, 2, 2]


def test_what_is_said_never_holds_a_token_or_a_piece_of_one() -> None:
    token, other = CANARIES[0].token, Tokens(OTHER).mint(_number(1))
    texts = [token, token[:-2], token[2:], token[:-1] + "0", other, CANARIES[0].values[0]]
    for canaries in ([], CANARIES):
        answers = [answer for text in texts for answer in _ask(f"{text} {text}", canaries=canaries)]
        said = "\n".join([*lines(answers), *map(repr, answers), *map(str, answers)]).lower()
        assert len(answers) == 2 * len(texts)
        assert [n for n in range(13) for one in (token, other) if one[n : n + SIDE_CHARS] in said] == []


def test_a_large_file_with_many_tokens_is_answered_in_order() -> None:
    rng = random.Random(1)
    noise = ["".join(rng.choices("0123456789abcdefghijklmnopqrstuvwxyz -/", k=60)) for _ in CANARIES]
    text = "\n".join(f"{line} {canary.token}" for line, canary in zip(noise, CANARIES, strict=True))
    assert [answer.canaries for answer in _ask(text)] == [(canary.id,) for canary in CANARIES]
