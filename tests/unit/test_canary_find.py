"""The finder: every canary in every form and chain, how much of it, and nothing else. All forms: tests/forms."""

import base64
import gzip
import io
import json
import random
import subprocess
import sys
import tarfile
import urllib.parse
import zlib
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameday.canary.anchors import anchors_of
from gameday.canary.families import FAMILIES, BusinessPlanPrompt, CloudKeyPrompt, OpaquePrompt
from gameday.canary.families.base import Draw, Drawn, Family
from gameday.canary.find import Finder
from gameday.canary.key import SiteKey
from gameday.canary.mint import SLOTS, Canary, Mint
from gameday.canary.patterns import forms_digest
from gameday.canary.search import CLOSE_LOOKS
from gameday.canary.source import BytesSource
from gameday.sighting import Sighting

KEY = SiteKey(b"f" * 32)


def _minted(*, run: str = "run-1", key: SiteKey = KEY, count: int = 4 * len(FAMILIES)) -> list[Canary]:
    mint = Mint(key, run=run, seed=1, tenants=("acme", "globex"), day=100)
    return [
        mint.canary(
            FAMILIES[number % len(FAMILIES)], tenant=("acme", "globex")[number % 2], slot=SLOTS[number % len(SLOTS)]
        )
        for number in range(count)
    ]


CANARIES: Final = _minted()
FINDER: Final = Finder(KEY, CANARIES)
KEY_ONLY: Final = Finder(KEY)


def _of(family: Family) -> Canary:
    return next(one for one in CANARIES if one.family == family.name)


def _whole(canary: Canary) -> frozenset[str]:
    return frozenset({"token", "value" if canary.is_redactable else "prose"})


def _seen(
    body: bytes, *, finder: Finder = FINDER, chains: bool = False, deep: bool = False
) -> dict[str, frozenset[str]]:
    return {one.canary: one.parts for one in finder.find(body, chains=chains, deep=deep).sightings}


def _first(body: bytes) -> Sighting:
    (sighting,) = FINDER.find(body).sightings
    return sighting


def _unicode_escaped(body: bytes) -> bytes:
    return json.dumps("".join(map(chr, body))).encode().replace(b"r", b"\\u0072")


ENCODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "json": lambda body: json.dumps({"m": body.decode("utf-8")}).encode(),
    "json of json": lambda body: json.dumps(json.dumps([body.decode("utf-8")])).encode(),
    "form": lambda body: urllib.parse.urlencode({"q": body}).encode(),
    "every byte percent": lambda body: b"".join(b"%%%02x" % byte for byte in body),
    "base64": base64.b64encode,
    "base64 at 1": lambda body: base64.b64encode(b"x" + body),
    "base64 at 2": lambda body: base64.b64encode(b"xy" + body + b"z"),
    "base64 for urls": lambda body: base64.urlsafe_b64encode(body).rstrip(b"="),
    "hex": lambda body: body.hex().encode(),
    "HEX": lambda body: body.hex().upper().encode(),
    "gzip": gzip.compress,
    "zlib": zlib.compress,
}
ONLY_IN_CHAINS: Final = {"every byte percent"}  # values and prose; a token is found at full speed in all of them
WRAPPERS: Final = st.lists(st.sampled_from(("gzip", "zlib", "json", "base64")), max_size=3)


def _log(rng: random.Random, *, lines: int) -> bytes:
    return b"".join(
        json.dumps(
            {
                "at": rng.random(),
                "trace": f"{rng.getrandbits(128):032x}",
                "path": f"/v1/chat/completions?q=%7B{rng.getrandbits(40)}%7D",
                "card": f"{rng.randrange(10**16):016d}",
                "body": json.dumps({"messages": [{"content": f"line {rng.random()}\n"}]}),
            }
        ).encode()
        + b"\n"
        for _ in range(lines)
    )


@settings(deadline=None, max_examples=150)
@given(number=st.integers(0, len(CANARIES) - 1), form=st.sampled_from(sorted(ENCODERS)), noise=st.integers(0, 999))
def test_a_canary_is_found_whole_in_each_form_amid_noise_and_nothing_else_is(
    number: int, form: str, noise: int
) -> None:
    canary, rng = CANARIES[number], random.Random(noise)
    body = _log(rng, lines=3) + b" " + ENCODERS[form](canary.text.encode()) + b" \n" + _log(rng, lines=3)
    assert _seen(body, chains=form in ONLY_IN_CHAINS) == {canary.id: _whole(canary)}


@settings(deadline=None, max_examples=60)
@given(number=st.integers(0, len(CANARIES) - 1), packs=WRAPPERS)
def test_a_token_is_found_in_packs_of_packs(number: int, packs: list[str]) -> None:
    canary, body = CANARIES[number], CANARIES[number].text.encode()
    for name in packs:
        body = ENCODERS[name](body if name != "json" else base64.b64encode(body))
    assert "token" in _seen(body, deep=True)[canary.id]


@pytest.mark.parametrize("form", sorted(ENCODERS))
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_value_alone_is_found_in_each_form(family: Family, form: str) -> None:
    canary = _of(family)
    body = ENCODERS[form](canary.text.replace(canary.token, "***").encode())
    assert _seen(body, chains=form in ONLY_IN_CHAINS) == {canary.id: _whole(canary) - {"token"}}


def test_the_form_the_slot_the_share_and_the_place_are_told() -> None:
    canary = CANARIES[0]
    raw = _first(b"some line\n" + canary.text.encode())
    assert (raw.form, raw.slot, raw.share) == (("raw",), canary.slot, 1.0)
    assert raw.offset >= 10
    based = _first(b"." * 50 + base64.b64encode(canary.text.encode()))
    assert (based.form[0], based.offset >= 50, based.share) == ("base64", True, 1.0)
    zipped = _first(b"\0" * 70 + gzip.compress(canary.text.encode()))
    assert (zipped.form, zipped.offset) == (("gzip",), 70)


def test_the_share_falls_with_what_is_cut_off() -> None:
    canary = _of(BusinessPlanPrompt)
    words = canary.values[0].split()
    half = _first(" ".join(words[: len(words) // 2]).encode())
    assert half.parts == {"prose"}
    assert half.share == pytest.approx(0.5, abs=0.15)


def test_a_sighting_of_a_token_alone_exposes_little_of_a_long_prompt() -> None:
    canary = _of(BusinessPlanPrompt)
    sighting = _first(canary.token.encode())
    assert sighting.share is not None
    assert 0 < sighting.share < 0.15


def test_several_canaries_in_one_body_are_told_apart() -> None:
    parts = [
        base64.b64encode(one.text.encode()) if number % 2 else one.text.encode() for number, one in enumerate(CANARIES)
    ]
    assert _seen(b"\n".join(parts)) == {canary.id: _whole(canary) for canary in CANARIES}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_masked_token_leaves_the_value_and_a_masked_value_the_token(family: Family) -> None:
    canary = _of(family)
    no_token, no_value = canary.text.replace(canary.token, "***"), canary.text
    for value in canary.values:
        no_value = no_value.replace(value, "[REDACTED]")
    assert _seen(no_token.encode()) == {canary.id: _whole(canary) - {"token"}}
    assert _seen(no_value.encode()) == {canary.id: frozenset({"token"})}


def test_either_half_of_a_cloud_key_counts_as_its_value() -> None:
    canary = _of(CloudKeyPrompt)
    assert [_seen(half.encode()) == {canary.id: frozenset({"value"})} for half in canary.values] == [True, True]


def test_an_opaque_value_counts_as_prose() -> None:
    canary = _of(OpaquePrompt)
    assert _seen(canary.values[0].encode()) == {canary.id: frozenset({"prose"})}


@pytest.mark.parametrize("change", [str.upper, str.title, str.swapcase])
def test_a_token_is_found_in_any_case(change: Callable[[str], str]) -> None:
    canary = CANARIES[0]
    assert _seen(change(canary.token).encode()) == {canary.id: frozenset({"token"})}


@settings(deadline=None)
@given(number=st.integers(0, len(CANARIES) - 1), start=st.integers(0, 7))
def test_twelve_characters_of_an_issued_token_are_enough(number: int, start: int) -> None:
    canary = CANARIES[number]
    piece = f"see {canary.token[start : start + 12]}...".encode()
    assert _seen(piece) == {canary.id: frozenset({"token"})}
    assert _seen(piece, finder=KEY_ONLY) == {}


def test_eleven_characters_are_nothing() -> None:
    assert _seen(CANARIES[0].token[4:15].encode()) == {}


@pytest.mark.parametrize("place", [*range(7), *range(12, 19)])
@pytest.mark.parametrize("put", ["", "b", "xx"], ids=["lost", "changed", "doubled"])
def test_an_issued_token_with_one_wrong_character_beside_its_marker_is_found(place: int, put: str) -> None:
    token = CANARIES[0].token
    body = f"see {token[:place]}{put}{token[place + 1 :]}.".encode()
    assert _seen(body) == {CANARIES[0].id: frozenset({"token"})}
    assert _seen(body, finder=KEY_ONLY) == {}


@settings(deadline=None)
@given(number=st.integers(0, len(CANARIES) - 1), cut=st.integers(1, 18), prefix=st.integers(0, 60))
def test_a_token_that_the_end_of_a_line_cut_in_two_is_found(number: int, cut: int, prefix: int) -> None:
    canary = CANARIES[number]
    body = f"INFO {canary.token[:cut]}\n{'.' * prefix} INFO {canary.token[cut:]}\n".encode()
    assert _seen(body, finder=KEY_ONLY) == {canary.id: frozenset({"token"})}


def test_another_key_finds_nothing_and_several_keys_are_searched_at_once() -> None:
    body = "\n".join(canary.text for canary in CANARIES).encode()
    other = SiteKey(b"o" * 32)
    others = _minted(key=other)
    assert _seen(body, finder=Finder(other, others)) == {}
    both = body + b"\n" + "\n".join(canary.text for canary in others).encode()
    assert _seen(both, finder=Finder([KEY, other], [*CANARIES, *others])).keys() == {
        *(canary.id for canary in CANARIES),
        *(canary.id for canary in others),
    }


def test_a_token_of_another_run_is_found_by_its_id_and_its_text_is_unknown() -> None:
    canary = _minted(run="run-2")[0]
    sighting = KEY_ONLY.find(canary.text.encode()).sightings[0]
    assert (sighting.canary, sighting.slot, sighting.share) == (canary.id, canary.slot, None)


def test_canaries_added_one_by_one_are_found_at_once_and_for_ever() -> None:
    finder = Finder(KEY)
    many = _minted(run="run-3", count=600)
    for number, canary in enumerate(many):
        finder.add(canary)
        if number % 100 == 0:
            assert _seen(canary.text.encode(), finder=finder) == {canary.id: _whole(canary)}
    assert all(_seen(canary.text.encode(), finder=finder) == {canary.id: _whole(canary)} for canary in many)


def test_two_canaries_that_share_a_value_are_both_seen() -> None:
    def draw(drawing: Draw) -> Drawn:
        return Drawn((f"number {drawing.anchors.digits} for all of them",), (drawing.anchors.digits,))

    shared = Family(name="shared", is_secret=False, is_redactable=True, draw=draw, text=" ".join)
    mint = Mint(KEY, run="run-1", seed=1, tenants=("acme",))
    pair = [mint.canary(shared, tenant="acme") for _ in range(2)]
    assert set(_seen(pair[0].values[0].encode(), finder=Finder(KEY, pair))) == {one.id for one in pair}


@pytest.mark.parametrize("start", range(0, 1200, 97))
def test_windows_together_find_what_the_whole_finds(start: int) -> None:
    body = b"." * (262_144 - 600 + start) + CANARIES[0].text.encode() + b"." * 300_000
    source = BytesSource(body)
    found = [FINDER.find_in(source, start=a, end=b).sightings for a, b in ((0, 262_144), (262_144, None))]
    parts = {part for sightings in found for one in sightings for part in one.parts}
    assert parts == _whole(CANARIES[0])


HOSTILE: Final[dict[str, bytes]] = {
    "nothing": b"",
    "backslashes": b"\\" * 300_000,
    "escapes": b"\\u0041" * 50_000,
    "percents of percents": b"%2525252525" * 30_000,
    "one base64 run": b"A" * 300_000,
    "runs with line ends": b"ABCDEFGHIJKLMNOP\n" * 20_000,
    "hex with escapes": b"5c6e" * 80_000,
    "bad unicode": b"\xff\\ud800\\udfff\xc3" * 30_000,
    "gzip heads": b"\x1f\x8b\x08" * 60_000,
    "zip heads": b"PK\x03\x04" * 60_000,
    "base64 of gzip heads": b'"H4sIAAAA' * 30_000,
    "names": anchors_of(KEY).names[0].encode() * 20_000,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_input_is_searched_to_its_end(name: str) -> None:
    body = HOSTILE[name] + b"\n" * 2000 + CANARIES[0].token.encode()
    assert _seen(body) == {CANARIES[0].id: frozenset({"token"})}


@pytest.mark.parametrize("text", ["{0}", "0123456{0}0123456", "{0}\n"])
def test_too_much_that_looks_like_a_canary_is_told_instead_of_searched_for_ever(text: str) -> None:
    marker = CANARIES[0].token[7:12]
    body = text.format(marker).encode() * (40 * CLOSE_LOOKS // len(text))
    found = FINDER.find(body)
    assert (found.sightings, found.is_complete) == ((), False)


def test_a_bomb_is_told_and_what_follows_it_is_searched() -> None:
    bomb = b"\0" * (1 << 28)
    for _ in range(3):
        bomb = gzip.compress(bomb, 9)
    found = FINDER.find(gzip.compress(b"".join([bomb] * 12)) + CANARIES[0].text.encode())
    assert found.is_complete is False
    assert {one.canary for one in found.sightings} == {CANARIES[0].id}


@pytest.mark.parametrize("count", [1, 2500])
def test_the_names_of_what_was_packed_are_searched_too(count: int) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for number in range(count):
            archive.addfile(tarfile.TarInfo(f"logs/{number}/{CANARIES[0].token if number == count - 1 else 'quiet'}"))
    assert _seen(packed.getvalue()) == {CANARIES[0].id: frozenset({"token"})}


def test_the_name_in_the_head_of_a_gzip_stream_is_searched_too() -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(filename=CANARIES[0].token, mode="wb", fileobj=packed) as file:
        file.write(b"nothing of ours\n" * 100)
    assert _seen(packed.getvalue()) == {CANARIES[0].id: frozenset({"token"})}


def test_what_is_broken_off_is_told() -> None:
    packed = gzip.compress(random.Random(1).randbytes(30_000))
    found = FINDER.find(packed[:-5000])
    assert [(note.form, note.offset) for note in found.notes] == [(("gzip",), 0)]


def test_no_finder_shows_what_it_knows_in_its_repr() -> None:
    assert not any(canary.token in repr(FINDER) for canary in CANARIES)


def test_the_digest_of_the_forms_is_the_same_in_every_process() -> None:
    command = [sys.executable, "-c", "from gameday.canary.patterns import forms_digest; print(forms_digest())"]
    shown = [subprocess.run(command, capture_output=True, check=True, text=True).stdout for _ in range(2)]
    assert shown == [f"{forms_digest()}\n"] * 2
