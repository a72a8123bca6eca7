"""Prose is recognised by the order of its words: in any dress, with the share that stands there, and never by chance."""

# ruff: noqa: RUF001 - other scripts' letters are meant

import html
import itertools
import json
import random
import textwrap
import threading
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gameday.canary import prose
from gameday.canary.anchors import anchors_of
from gameday.canary.key import SiteKey
from gameday.canary.prose import ProseIndex, words_of

NAMES: Final = anchors_of(SiteKey(b"k" * 32)).names
COUNT: Final = 400
SENTENCE: Final = 12
NOISE: Final = "2026-11-23T06:00:00Z INFO served request 17 in 3 ms; status ok, upstream model answered, cache miss. "

# As common as words are: the nth most common one comes about 1/n as often as the first.
_RNG: Final = random.Random(4)
VOCABULARY: Final = ["".join(_RNG.choices("etaoinshrdlu", k=_RNG.randint(2, 9))) for _ in range(3000)]
WEIGHTS: Final = list(itertools.accumulate(1 / (3 + rank) for rank in range(len(VOCABULARY))))


def _text(rng: random.Random, *, vocabulary: list[str] = VOCABULARY) -> str:
    """45 to 80 words in sentences of twelve, an anchor about every eighth word, none of them at the end of a sentence."""
    words = rng.choices(vocabulary, cum_weights=WEIGHTS, k=rng.randint(45, 80))
    for place in range(rng.randint(0, 3), len(words), 8):
        words[place] = rng.choice(NAMES)
    sentences = [words[start : start + SENTENCE] for start in range(0, len(words), SENTENCE)]
    return " ".join(f"{' '.join(words).capitalize()}." for words in sentences)


TEXTS: Final = [_text(_RNG) for _ in range(COUNT)]


def _index(texts: list[str]) -> ProseIndex:
    index = ProseIndex(NAMES)
    for number, text in enumerate(texts):
        index.add(number, text)
    return index


INDEX: Final = _index(TEXTS)
CANARIES: Final = st.integers(0, COUNT - 1)
SEEDS: Final = st.integers(0, 1 << 32)


def _share(text: str, *, canary: int) -> float:
    """Of the canary, in a text that holds no other; noise around it must change nothing."""
    found = INDEX.look(NOISE + text + " " + NOISE)
    assert set(found) <= {canary}
    return len(found.get(canary, ())) / INDEX.words(canary)


def _tagged(text: str, rng: random.Random) -> str:
    return "<p>" + " ".join(f'<b class="x y">{word}</b>' if rng.random() < 0.2 else word for word in text.split(" "))


WHOLE: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "verbatim": lambda text, _: text,
    "wrapped at 72": lambda text, _: textwrap.fill(text, 72),
    "quoted, wrapped at 30": lambda text, _: "\n> ".join(textwrap.wrap(text, 30)),
    "comment, wrapped at 40": lambda text, _: "\r\n * ".join(textwrap.wrap(text, 40)),
    "JSON": lambda text, _: json.dumps({"a": "\n".join(textwrap.wrap(text, 60))}),
    "JSON in JSON": lambda text, _: json.dumps(json.dumps(textwrap.fill(text, 60))),
    "every letter escaped": lambda text, _: "".join(f"\\u{ord(char):04x}" for char in text),
    "upper case": lambda text, _: text.upper(),
    "title": lambda text, _: text.title(),
    "no punctuation, two spaces": lambda text, _: text.replace(".", "").replace(" ", "  "),
    "hard spaces": lambda text, _: text.replace(" ", "&nbsp;"),
    "tabs and numbers": lambda text, _: "".join(f"{n}\t{word} " for n, word in enumerate(text.split(" "))),
    "HTML": _tagged,
    "HTML in JSON": lambda text, rng: json.dumps(_tagged(text, rng)).replace("<", "\\u003c"),
    "HTML, shown": lambda text, rng: html.escape(_tagged(text, rng)),
}


@pytest.mark.parametrize("form", WHOLE)
def test_every_word_is_found_in_any_dress(form: str) -> None:
    for canary in range(COUNT):
        assert _share(WHOLE[form](TEXTS[canary], random.Random(canary)), canary=canary) == 1


@given(canary=CANARIES, first=st.sampled_from([0, 1, 2]))
def test_half_of_it_is_half_of_its_words(canary: int, first: int) -> None:
    """To the word: a chance agreement of a neighbour with the noise would need two words in a row."""
    words = TEXTS[canary].split()
    quarter = len(words) // 4
    share = _share(" ".join(words[first * quarter : (first + 2) * quarter]), canary=canary)
    assert share == 2 * quarter / INDEX.words(canary)


@given(canary=CANARIES, seed=SEEDS)
def test_any_twelve_words_around_an_anchor_are_enough(canary: int, seed: int) -> None:
    words = TEXTS[canary].split()
    lowered = words_of(TEXTS[canary])
    names = {name.lower() for name in NAMES}
    starts = [
        start for start in range(len(words) - 11) if any(word in names for word in lowered[start + 2 : start + 10])
    ]
    start = random.Random(seed).choice(starts)
    found = INDEX.look(NOISE + " ".join(words[start : start + 12]) + NOISE)
    assert found == {canary: frozenset(range(start, start + 12))}


@given(canary=CANARIES, size=st.integers(6, 9))
def test_a_line_with_a_prefix_of_its_own_for_every_few_words_is_followed(canary: int, size: int) -> None:
    """A word that a prefix sets apart from its neighbours on both sides is not counted."""
    words = TEXTS[canary].split()
    cut = [" ".join(words[start : start + size]) for start in range(0, len(words), size)]
    share = _share(
        "".join(f"\n2026-11-23 06:00:{n:02} INFO worker: {line}" for n, line in enumerate(cut)), canary=canary
    )
    assert share >= 1 - 4 / INDEX.words(canary)


MASKS: Final = st.sampled_from(["[MASK]", "***", "<PERSON>", "[REDACTED NAME]", "\N{FULL BLOCK}" * 5])


@settings(max_examples=300)
@given(canary=CANARIES, seed=SEEDS, mask=MASKS)
def test_a_tenth_of_the_words_masked_leaves_the_share_of_the_others(canary: int, seed: int, mask: str) -> None:
    """Words between masks count as far as they can be aligned: a word that stands alone between two may be left out."""
    rng = random.Random(seed)
    kept = [rng.random() >= 0.1 for _ in TEXTS[canary].split()]
    text = " ".join(word if is_kept else mask for word, is_kept in zip(TEXTS[canary].split(), kept, strict=True))
    assert abs(_share(text, canary=canary) - sum(kept) / len(kept)) <= 0.3


@pytest.mark.parametrize(("part", "recall", "mean_error"), [(0.1, 1.0, 0.01), (0.25, 0.995, 0.03)])
@pytest.mark.parametrize("mask", ["[MASK]", "***"])
def test_masked_copies_are_found_with_the_right_share_on_the_whole(
    part: float, recall: float, mean_error: float, mask: str
) -> None:
    rng = random.Random(7)
    errors = list[float]()
    for canary in [*range(COUNT)] * 3:
        words = TEXTS[canary].split()
        kept = [rng.random() >= part for _ in words]
        share = _share(" ".join(w if k else mask for w, k in zip(words, kept, strict=True)), canary=canary)
        if share:
            errors.append(abs(share - sum(kept) / len(kept)))
    assert len(errors) >= recall * 3 * COUNT
    assert sum(errors) / len(errors) <= mean_error


@given(canary=CANARIES, seed=SEEDS)
@example(canary=182, seed=47717526)
def test_shuffled_sentences_are_found_as_far_as_they_hold_an_anchor(canary: int, seed: int) -> None:
    """A sentence of which no anchor has two neighbours on one side, or one on each, cannot be seen by itself.

    Where a sentence ends, two words that agree by chance may lead on, past a word or two: so much may be lost.
    """
    sentences = TEXTS[canary].rstrip(".").split(". ")
    whole = [sentence for sentence in sentences if len(sentence.split()) == SENTENCE]
    random.Random(seed).shuffle(sentences)
    least = (SENTENCE * len(whole) - 4) / INDEX.words(canary)
    share = _share(". ".join(sentences), canary=canary)
    assert least <= share <= 1


@given(one=CANARIES, other=CANARIES)
def test_two_of_them_in_one_text_are_told_apart(one: int, other: int) -> None:
    half = TEXTS[other].split()[: INDEX.words(other) // 2]
    found = INDEX.look(f"{TEXTS[one]} {NOISE} {' '.join(half)}")
    assert set(found) == {one, other}
    assert len(found[one]) == INDEX.words(one)
    assert INDEX.words(other) // 2 <= len(found[other])


@settings(max_examples=300)
@given(seed=SEEDS)
def test_another_canary_with_the_same_vocabulary_and_anchors_is_not_found(seed: int) -> None:
    assert INDEX.look(_text(random.Random(seed))) == {}


@given(canary=CANARIES, seed=SEEDS)
def test_its_own_words_in_another_order_are_not_it(canary: int, seed: int) -> None:
    words = TEXTS[canary].split()
    random.Random(seed).shuffle(words)
    found = INDEX.look(" ".join(words))
    assert set(found) <= {canary}
    assert len(found.get(canary, ())) <= 8


@given(text=st.text(max_size=300), names=st.lists(st.sampled_from(NAMES), max_size=6), seed=SEEDS)
@example(text="\\u", names=[NAMES[0]], seed=0)
@example(text="\\ud83d &#xD800; <a", names=[NAMES[0]], seed=0)
def test_stray_anchors_in_any_text_are_nothing(text: str, names: list[str], seed: int) -> None:
    pieces = [text[start : start + 30] for start in range(0, len(text), 30)] + names
    random.Random(seed).shuffle(pieces)
    assert INDEX.look(" ".join(pieces)) == {}


def test_one_megabyte_of_the_same_language_with_anchors_in_it_holds_none() -> None:
    rng = random.Random(11)
    found = [INDEX.look(" ".join(_text(rng) for _ in range(3))) for _ in range(1000)]
    assert [number for number, each in enumerate(found) if each] == []


LANGUAGES: Final = {
    "German": "Größere Änderungen müssen für die Straße noch geprüft werden weil",
    "Turkish": "İstanbul ışık çok güzel ama bugün yağmur yağıyor bence",
    "Greek": "Ο πελάτης θέλει νέους όρους",
    "Russian": "Клиент ждёт ответ до конца недели",
    "Arabic": "العميل ينتظر الرد حتى نهاية الأسبوع",
    "Hindi": "ग्राहक सप्ताह के अंत तक उत्तर",
    "Korean": "고객은 이번 주 말까지 답변을 기다립니다",
    "Japanese": "お客様は今週末までに返事を待っていますが",
    "Chinese": "客户希望在本周末之前得到答复但是",
    "Thai": "ลูกค้ารอคำตอบ",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_any_script_is_read(language: str) -> None:
    """Words that only differ in case, accents, composition or width are the same ones; the anchor may touch other letters."""
    phrase = LANGUAGES[language]
    glue = "" if " " not in phrase else " "
    text = glue.join([phrase, NAMES[0], phrase[::-1], NAMES[1], phrase, NAMES[2], phrase[::-1]])
    index = ProseIndex(NAMES)
    index.add(7, text)
    assert index.words(7) >= 12
    for dress in (text, text.upper(), text.title(), json.dumps(text), text.replace(" ", "\u00a0"), f"<i>{text}</i>"):
        assert {canary: len(where) for canary, where in index.look(dress).items()} == {7: index.words(7)}


@given(text=st.text())
def test_words_are_the_same_in_upper_and_lower_case_and_in_json(text: str) -> None:
    plain = "".join(char for char in text if char not in "\\<&" and char.isprintable())
    assert words_of(json.dumps(plain)) == words_of(plain)
    assert words_of(plain.upper()) == words_of(plain.upper().lower())
    assert all(word.isalpha() and word == word.casefold() for word in words_of(text))


def test_words_of_markup_and_escapes_are_not_words() -> None:
    text = '> a\\nb&nbsp;c<br class="x">d &amp; e\\u00e9 f\\\\\\"g 12 h3i &lt;p&gt;j \\ud83d\\ude00'
    assert words_of(text) == ["a", "b", "c", "d", "ee", "f", "g", "h", "i", "j"]


def test_canaries_come_in_rising_order_and_unknown_ones_are_told() -> None:
    index = ProseIndex(NAMES)
    index.add(3, TEXTS[3])
    index.add(70_000, TEXTS[4])
    assert len(index) == 2
    assert {number: len(where) for number, where in index.look(TEXTS[4]).items()} == {70_000: index.words(70_000)}
    with pytest.raises(ValueError, match="after canary 70000"):
        index.add(70_000, TEXTS[5])
    for unknown in (2, 4, 70_001):
        with pytest.raises(KeyError):
            index.words(unknown)


def test_what_very_many_share_names_none_of_them_and_costs_little() -> None:
    shared = " ".join(TEXTS[0].split()[:14])
    index = _index([f"{text} {shared} {number % 7 * 'xy'}" for number, text in enumerate(TEXTS * 3)])
    assert index.look(shared) == {}
    both = index.look(f"{TEXTS[1]} {shared}")
    assert 0 < len(both) <= 3


def test_a_canary_added_after_a_look_is_found_by_the_next_one() -> None:
    index = ProseIndex(NAMES)
    for number, text in enumerate(TEXTS):
        index.add(number, text)
        assert set(index.look(text)) == {number}


@pytest.mark.parametrize("many", [0, 1000])
def test_many_are_entered_at_once_just_as_one_by_one(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(prose, "_PIECE", 100)
    tables = []
    for limit in (many, 1 << 40):
        monkeypatch.setattr(prose, "_MANY", limit)
        index = _index(TEXTS[:300])
        index.look(NAMES[0])
        for number in range(300, COUNT):
            index.add(number, TEXTS[number])
        index.look(NAMES[0])
        tables.append((index._chains._table.heads, index._chains._table.nexts))
    assert tables[0] == tables[1]


def test_threads_may_add_and_look_at_the_same_time() -> None:
    index, missed = _index(TEXTS[:100]), list[int]()

    def look() -> None:
        missed.extend(number for number in range(100) if number not in index.look(TEXTS[number]))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(100, COUNT):
        index.add(number, TEXTS[number])
    for thread in threads:
        thread.join()
    look()
    assert missed == []
