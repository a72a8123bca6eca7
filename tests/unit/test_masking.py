"""What the reference redactor takes out, and what it leaves alone."""

import string
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gameday.systems.reference.masking import FAMILIES, IBAN_LENGTHS, is_iban, is_luhn_valid, mask

BASE32 = string.ascii_uppercase + "234567"
ALNUM = string.ascii_letters + string.digits
WORDS = st.lists(st.text(string.ascii_letters + "äöüßé", min_size=1, max_size=9), max_size=12).map(" ".join)

access_keys = st.builds("{}{}".format, st.sampled_from(["AKIA", "ASIA"]), st.text(BASE32, min_size=16, max_size=16))
secret_keys = st.text(ALNUM + "/+", min_size=40, max_size=40).filter(
    lambda key: set(key) - set(string.hexdigits) != set()
)
github_tokens = st.builds("gh{}_{}".format, st.sampled_from("pousr"), st.text(ALNUM, min_size=36, max_size=36))
emails = st.builds(
    "{}@{}.{}".format,
    st.from_regex(r"\A[a-z][a-z0-9.+_-]{0,20}[a-z0-9]\Z"),
    st.from_regex(r"\A[a-z][a-z0-9-]{0,12}[a-z]\Z"),
    st.sampled_from(["com", "example", "co.uk", "museum"]),
)


def with_check_digit(digits: str) -> str:
    return next(digits + check for check in string.digits if is_luhn_valid(digits + check))


cards = st.text(string.digits, min_size=12, max_size=18).map(with_check_digit)


@st.composite
def ibans(draw: st.DrawFn) -> str:
    country = draw(st.sampled_from(sorted(IBAN_LENGTHS)))
    length = IBAN_LENGTHS[country] - 4
    bban = draw(st.text(string.ascii_uppercase + string.digits, min_size=length, max_size=length))
    check = 98 - int("".join(str(int(char, 36)) for char in f"{bban}{country}00")) % 97
    return f"{country}{check:02d}{bban}"


def mask_only(family: str, text: str) -> str:
    return mask(text, families=frozenset({family})).text


def in_groups(value: str, *, separator: str) -> str:
    return separator.join(value[at : at + 4] for at in range(0, len(value), 4))


@given(before=WORDS, value=access_keys, after=WORDS)
def test_an_aws_access_key_is_masked_and_the_words_around_it_stay(before: str, value: str, after: str) -> None:
    assert mask_only("aws_access_key", f"{before} {value} {after}") == f"{before} [AWS_KEY] {after}"


@given(value=secret_keys, key_id=access_keys)
def test_an_aws_secret_key_is_masked_beside_its_key_id_or_a_word_for_it(value: str, key_id: str) -> None:
    assert mask_only("aws_secret_key", f"{key_id} {value} ok") == f"{key_id} [AWS_SECRET] ok"
    assert mask_only("aws_secret_key", f"aws_secret_access_key = {value}") == "aws_secret_access_key = [AWS_SECRET]"
    assert mask_only("aws_secret_key", f"secret%3D{quote(value, safe='')}&x") == "secret%3D[AWS_SECRET]&x"
    escaped = value.replace("/", r"\/")
    assert mask_only("aws_secret_key", f'{{"secret":"{escaped}"}}') == '{"secret":"[AWS_SECRET]"}'


@given(before=WORDS, value=github_tokens, after=WORDS)
def test_a_github_token_is_masked(before: str, value: str, after: str) -> None:
    assert mask_only("github_token", f"{before} {value} {after}") == f"{before} [GITHUB_TOKEN] {after}"


@given(value=cards, separator=st.sampled_from(["", " ", "-", "%20", "\u00a0"]))
@example(value="4000056655665556", separator=" ")
def test_a_card_is_masked_in_each_of_its_usual_forms(value: str, separator: str) -> None:
    written = in_groups(value, separator=separator)
    assert mask(f"card {written} please").text == "card [CARD] please"
    assert mask(f"card%20{written}").text == "card%20[CARD]"


@given(value=cards)
def test_a_number_that_is_not_luhn_valid_is_left(value: str) -> None:
    wrong = value[:-1] + str((int(value[-1]) + 1) % 10)
    assert mask(f"order {wrong} came").text == f"order {wrong} came"


def test_a_card_after_another_number_is_found() -> None:
    assert mask("2 4111 1111 1111 1111, thanks").text == "2 [CARD], thanks"


@given(before=WORDS, value=emails, after=WORDS)
def test_an_email_address_is_masked_plain_and_escaped(before: str, value: str, after: str) -> None:
    for at in ("@", "%40", "\\u0040"):
        assert mask(f"{before} <{value.replace('@', at)}> {after}").text == f"{before} <[EMAIL]> {after}"


@given(value=ibans(), separator=st.sampled_from(["", " ", "%20"]))
@example(value="DE89370400440532013000", separator=" ")
def test_an_iban_is_masked_in_each_of_its_usual_forms(value: str, separator: str) -> None:
    assert is_iban(value)
    assert mask_only("iban", f"to {in_groups(value, separator=separator)} today") == "to [IBAN] today"


@given(value=ibans())
def test_an_iban_with_a_wrong_check_digit_is_left(value: str) -> None:
    wrong = f"{value[:-1]}{(int(value[-1], 36) + 1) % 10}"
    assert is_iban(wrong) or mask_only("iban", wrong) == wrong


@given(key_id=access_keys, secret=secret_keys)
@example(key_id="AKIA2222222222222222", secret="002A00000000000000000000000000000000000G")
def test_values_that_look_like_one_more_value_together_are_all_masked(key_id: str, secret: str) -> None:
    masked = mask(f"{key_id} {secret} ok")
    assert masked.text.startswith("[AWS_KEY]")
    assert masked.text.endswith("[AWS_SECRET] ok")
    assert {"aws_access_key", "aws_secret_key"} <= set(masked.counts)


@given(text=WORDS)
def test_ordinary_words_are_left(text: str) -> None:
    assert mask(text) == (text, {})


@pytest.mark.parametrize(
    "text",
    [
        "We meet on 2026-03-14 at 10:30, call +49 30 1234567; 3 of 12 came.",
        "The AWS commit is 0123456789abcdef0123456789abcdef01234567.",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14",
        "See https://example.org/a/b?c=%20d#e and AKIA alone, ghp_short, a@b.",
        "",
    ],
)
def test_ordinary_text_with_numbers_and_names_is_left(text: str) -> None:
    assert mask(text) == (text, {})


@given(text=st.text(), families=st.frozensets(st.sampled_from(sorted(FAMILIES))))
def test_any_text_can_be_masked_and_only_the_named_families_are(text: str, families: frozenset[str]) -> None:
    assert set(mask(text, families=families).counts) <= families


def test_each_value_is_counted() -> None:
    assert mask("a@b.example, c@d.example and AKIAIOSFODNN7EXAMPLE").counts == {"email": 2, "aws_access_key": 1}
