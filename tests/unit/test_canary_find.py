"""The finder: every canary in every form and chain, and nothing else."""

import base64
import json
import random
import re
import urllib.parse
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameday.canary.families import FAMILIES, BusinessPlanPrompt, CardPrompt, CloudKeyPrompt, Family, OpaquePrompt
from gameday.canary.find import Finder
from gameday.canary.forms import ALLOWANCE_BYTES, GROWTH, Views, views
from gameday.canary.key import SiteKey
from gameday.canary.mint import SLOTS, Canary, Mint
from gameday.sighting import Sighting

KEY = SiteKey(b"f" * 32)


def _minted(*, run: str = "run-1", key: SiteKey = KEY, count: int = 70) -> list[Canary]:
    mint = Mint(key, run=run, seed=1, tenants=("acme", "globex"))
    return [
        mint.canary(FAMILIES[number % len(FAMILIES)], tenant=("acme", "globex")[number % 2], slot=SLOTS[number % 8])
        for number in range(count)
    ]


CANARIES: Final = _minted()
FINDER: Final = Finder(KEY, CANARIES)


def _whole(canary: Canary) -> frozenset[str]:
    return frozenset({"token", "value" if canary.is_redactable else "prose"})


def _seen(body: bytes, *, finder: Finder = FINDER) -> dict[str, frozenset[str]]:
    return {sighting.canary: sighting.parts for sighting in finder.find(body).sightings}


def _first(body: bytes) -> Sighting:
    (sighting,) = FINDER.find(body).sightings
    return sighting


def _unicode_escaped(body: bytes) -> bytes:
    return b'"' + b"".join(b"\\u%04X" % byte if byte % 3 else b"\\u%04x" % byte for byte in body) + b'"'


def _wrapped(body: bytes) -> bytes:
    return base64.encodebytes(body).replace(b"\n", b"\r\n  ")


ENCODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "json": lambda body: json.dumps({"m": body.decode("latin-1")}).encode(),
    "json of json": lambda body: json.dumps(json.dumps([body.decode("latin-1")])).encode(),
    "unicode escapes": _unicode_escaped,
    "percent": lambda body: urllib.parse.quote(body, safe="").encode(),
    "form": lambda body: urllib.parse.urlencode({"q": body}).encode(),
    "every byte percent": lambda body: b"".join(b"%%%02x" % byte for byte in body),
    "base64": base64.b64encode,
    "base64 at 1": lambda body: base64.b64encode(b"x" + body),
    "base64 at 2": lambda body: base64.b64encode(b"xy" + body + b"z"),
    "base64 after text": lambda body: b"data" + b"/" * (len(body) % 4) + base64.b64encode(body),
    "base64 for urls": lambda body: base64.urlsafe_b64encode(body).rstrip(b"="),
    "base64 wrapped": _wrapped,
    "hex": lambda body: body.hex().encode(),
    "HEX": lambda body: body.hex().upper().encode(),
    "hex at 1": lambda body: b"a" + body.hex().encode(),
}
WORDS = st.sampled_from(sorted(ENCODERS))


@settings(deadline=None, max_examples=300)
@given(number=st.integers(0, len(CANARIES) - 1), chain=st.lists(WORDS, max_size=4), noise=st.integers(0, 999))
def test_a_canary_is_found_in_any_chain_of_forms_and_nothing_else_is(number: int, chain: list[str], noise: int) -> None:
    canary = CANARIES[number]
    body = canary.text.encode()
    for name in chain:
        body = ENCODERS[name](body)
    rng = random.Random(noise)
    body = _log(rng, lines=3) + b" " + body + b" \n" + _log(rng, lines=3)
    if sum(2 if name == "json of json" else 1 for name in chain) <= 4:
        assert _seen(body) == {canary.id: _whole(canary)}


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_each_form_is_found_for_every_family(name: str) -> None:
    for canary in CANARIES[: len(FAMILIES)]:
        assert _seen(ENCODERS[name](canary.text.encode())) == {canary.id: _whole(canary)}


@pytest.mark.parametrize("depth", range(1, 7))
def test_json_within_json_is_found_five_deep_and_deeper_is_told(depth: int) -> None:
    body = _unicode_escaped(CANARIES[0].text.encode())
    for _ in range(depth - 1):
        body = json.dumps(body.decode()).encode()
    found = FINDER.find(body)
    assert [sighting.form for sighting in found.sightings] == ([("json",) * depth] if depth <= 5 else [])
    assert found.is_complete == (depth <= 5)


def test_the_form_and_the_place_of_the_first_hit_are_told() -> None:
    canary = CANARIES[0]
    raw = b"some line\n" + canary.text.encode()
    assert (_first(raw).form, _first(raw).offset) == (("raw",), 10 + min(map(canary.text.index, canary.values)))
    inner = base64.b64encode(canary.text.encode()).replace(b"/", b"\\/").decode()
    body = b"first line\n" + b'{"a": "\\n", "b": "' + inner.encode() + b'"}\nlast line'
    sighting = _first(body)
    assert sighting.form in {("base64",), ("json", "base64")}
    assert 11 <= sighting.offset < len(body)
    hexed = b"." * 50 + canary.text.encode().hex().encode()
    assert (_first(hexed).form, _first(hexed).offset) == (("hex",), 50)
    based = b"." * 50 + base64.b64encode(canary.text.encode())
    assert (_first(based).form, _first(based).offset) == (("base64",), 50)


def test_several_canaries_in_one_body_are_told_apart_and_in_order() -> None:
    parts = [
        base64.b64encode(one.text.encode()) if number % 2 else one.text.encode() for number, one in enumerate(CANARIES)
    ]
    found = FINDER.find(b"\n".join(parts))
    assert [sighting.canary for sighting in found.sightings] == [canary.id for canary in CANARIES]
    assert all(sighting.parts == _whole(canary) for sighting, canary in zip(found.sightings, CANARIES, strict=True))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_masked_token_leaves_the_value_and_a_masked_value_the_token(family: Family) -> None:
    canary = next(one for one in CANARIES if one.family == family.name)
    no_token = canary.text.replace(canary.token, "***")
    no_value = canary.text
    for value in canary.values:
        no_value = no_value.replace(value, "[REDACTED]")
    assert _seen(no_token.encode()) == {canary.id: _whole(canary) - {"token"}}
    assert _seen(no_value.encode()) == {canary.id: frozenset({"token"})}
    assert _seen(base64.b64encode(no_token.encode())) == {canary.id: _whole(canary) - {"token"}}


def test_either_half_of_a_cloud_key_counts_as_its_value() -> None:
    canary = next(one for one in CANARIES if one.family == CloudKeyPrompt.name)
    assert [_seen(half.encode()) == {canary.id: frozenset({"value"})} for half in canary.values] == [True, True]


def test_the_name_of_a_plan_counts_as_its_prose() -> None:
    canary = next(one for one in CANARIES if one.family == BusinessPlanPrompt.name)
    assert _seen(canary.values[1].encode()) == {canary.id: frozenset({"prose"})}


@pytest.mark.parametrize("change", [str.upper, str.title, str.swapcase])
def test_a_token_is_found_in_any_case(change: Callable[[str], str]) -> None:
    canary = CANARIES[0]
    assert _seen(change(canary.token).encode()) == {canary.id: frozenset({"token"})}
    assert _seen(base64.b64encode(b"xx " + change(canary.token).encode())) == {canary.id: frozenset({"token"})}


def test_a_forged_tag_and_a_cut_token_are_nothing() -> None:
    token = CANARIES[0].token
    forged = token[:-1] + ("0" if token[-1] != "0" else "1")
    for text in (forged, token[1:], token[:-1], token[3:15]):
        assert _seen(text.encode()) == {}


def test_another_key_finds_nothing() -> None:
    body = "\n".join(canary.text for canary in CANARIES).encode()
    other = SiteKey(b"o" * 32)
    assert _seen(body, finder=Finder(other, _minted(key=other))) == {}


def test_a_token_of_another_run_is_foreign_and_its_value_unknown() -> None:
    canary = _minted(run="run-2")[0]
    assert _seen(canary.text.encode()) == {f"foreign:{canary.token_id.run:03x}": frozenset({"token"})}
    assert FINDER.resolve(canary.token) == canary.token_id
    assert FINDER.resolve("nothing of ours") is None


def test_canaries_added_one_by_one_are_found_at_once_and_for_ever() -> None:
    finder = Finder(KEY)
    many = _minted(run="run-3", count=1500)
    for number, canary in enumerate(many):
        finder.add(canary)
        if number % 100 == 0:
            assert _seen(canary.text.encode(), finder=finder) == {canary.id: _whole(canary)}
    assert all(_seen(canary.text.encode(), finder=finder) == {canary.id: _whole(canary)} for canary in many)


def test_a_canary_added_twice_is_one() -> None:
    finder = Finder(KEY, [*CANARIES, *CANARIES])
    assert _seen(CANARIES[0].text.encode(), finder=finder) == {CANARIES[0].id: _whole(CANARIES[0])}


def test_two_canaries_that_share_a_value_are_both_seen() -> None:
    shared = Family(
        name="shared",
        is_secret=False,
        is_redactable=True,
        value=lambda _: ("one value for all of them",),
        text=" ".join,
    )
    mint = Mint(KEY, run="run-1", seed=1, tenants=("acme",))
    pair = [mint.canary(shared, tenant="acme") for _ in range(2)]
    assert set(_seen(pair[0].values[0].encode(), finder=Finder(KEY, pair))) == {one.id for one in pair}


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


@pytest.mark.parametrize("kind", ["random", "base64", "hex", "log", "alphabet"])
def test_nothing_is_found_in_noise(kind: str) -> None:
    rng = random.Random(kind)
    noise = rng.randbytes(1_500_000)
    body = {
        "random": lambda: noise,
        "base64": lambda: base64.encodebytes(noise),
        "hex": lambda: noise.hex().encode(),
        "log": lambda: _log(rng, lines=5000),
        "alphabet": lambda: bytes(
            noise.translate(bytes(b"0123456789cdfhjkmnpqrvwxy"[byte % 25] for byte in range(256)))
        ),
    }[kind]()
    found = FINDER.find(body)
    assert (len(found.sightings), found.is_complete) == (0, True)


HOSTILE: Final[dict[str, bytes]] = {
    "backslashes": b"\\" * 300_000,
    "escapes": b"\\u0041" * 50_000,
    "percents": b"%" * 300_000,
    "percents of percents": b"%2525252525" * 30_000,
    "one base64 run": b"A" * 300_000,
    "short runs": b"ABCDEFGHIJKLMNO " * 20_000,
    "runs with line ends": b"ABCDEFGHIJKLMNOP\n" * 20_000,
    "line ends": b"\r\n \t" * 80_000,
    "hex with escapes": b"5c6e" * 80_000,
    "markers": KEY.key_id.encode() + Finder(KEY)._tokens.marker * 60_000,
    "half tokens": (b"0123456" + Finder(KEY)._tokens.marker + b"0123456") * 15_000,
    "bad unicode": b"\xff\\ud800\\udfff\xc3" * 30_000,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_input_is_searched_within_bounds(name: str) -> None:
    body = HOSTILE[name]
    amount = sum(len(data) for _, data in views(body))
    assert amount <= (GROWTH + 1) * len(body) + ALLOWANCE_BYTES
    assert FINDER.find(body).sightings == ()


def test_a_bound_that_was_reached_is_told() -> None:
    deep, wide = CANARIES[0].text.encode(), random.Random(1).randbytes(400_000)
    for _ in range(6):
        deep, wide = base64.b64encode(deep), base64.b64encode(wide)
    assert FINDER.find(deep).is_complete is False
    assert FINDER.find(wide).is_complete is False
    assert sum(len(data) for _, data in views(wide)) <= (GROWTH + 1) * len(wide) + ALLOWANCE_BYTES
    assert FINDER.find(b"a plain line").is_complete is True


def test_the_body_itself_is_the_first_view_and_plain_text_has_no_other() -> None:
    plain = b'{"level": "info", "message": "all is well", "took_ms": 12}\n'
    assert list(views(plain)) == [(("raw",), plain)]


def test_no_view_shows_its_bytes_in_its_repr() -> None:
    body = CardPrompt.text(("4242 in the open",)).encode()
    shown = repr(Views(body)) + "".join(map(repr, Views(body)))
    assert not re.search("4242|open", shown)


def test_an_opaque_value_counts_as_prose() -> None:
    canary = next(one for one in CANARIES if one.family == OpaquePrompt.name)
    assert _seen(canary.values[0].encode()) == {canary.id: frozenset({"prose"})}
