"""Says what tokens in a text stand for: offline, with the key alone. What it says never holds a token."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import takewhile
from typing import Final

from attrs import field, frozen

from gameday.canary.key import SiteKey
from gameday.canary.mint import SLOTS, Canary
from gameday.canary.token import (
    ALPHABET,
    DAY_BITS,
    MARKER_CHARS,
    SIDE_CHARS,
    TOKEN_CHARS,
    Checked,
    Part,
    TokenId,
    Tokens,
    day_of,
)
from gameday.errors import UsageError

FRAGMENT_CHARS: Final = 12  # so many of a token always hold the marker whole
_KNOWN, _NONE, _UNDECIDED = 0, 1, 2
_INDEXED_CHARS: Final = 4  # next to the marker: of the seven others of a fragment, one side has so many
_SIDE: Final = rf"[{ALPHABET}]"
_FOREIGN: Final = re.compile(  # token-shaped, with a marker of the shape digit, letter, digit, letter, digit
    rf"(?<![0-9a-z]){_SIDE}{{{SIDE_CHARS}}}[2-9][qvwxkj][2-9][qvwxkj][2-9]{_SIDE}{{{SIDE_CHARS}}}(?![0-9a-z])",
    re.ASCII | re.IGNORECASE,
)


class Kind(StrEnum):
    OURS = "ours"
    EXPIRED = "expired"  # ours, and minted longer ago than canaries are kept
    FORGED = "forged"  # our marker and a token's length, but not made with our key
    FOREIGN = "foreign"  # of another site, or of none: its shape is all that can be told
    FRAGMENT = "fragment"  # our marker and some of what stood around it
    AMBIGUOUS = "ambiguous"  # a fragment that several canaries have


@frozen(kw_only=True)
class Answer:
    """What stands at `offset` (characters). `canaries`: the id of the one, or of all that a fragment may be of; none unknown.

    `tenant` and `run` are numbers within the token; `tenant_name` is None where no list of canaries tells it.
    """

    kind: Kind
    offset: int
    size: int
    key_id: str | None = None
    canaries: tuple[str, ...] = ()
    minted_on: dt.date | None = None
    run: int | None = None
    tenant: int | None = None
    tenant_name: str | None = None
    slot: str | None = None
    part: Part | None = None
    searched: int = 0  # canaries that a fragment was compared with

    @property
    def places(self) -> range:
        return range(self.offset, self.offset + self.size)


def whois(
    text: str,
    *,
    keys: Sequence[SiteKey],
    canaries: Sequence[Canary] = (),
    today: dt.date,
    expires_after_days: int = 365,
) -> list[Answer]:
    """Every token, and every fragment of 12 characters or more, that stands in the text as it is, in order.

    `text` is one token or fragment, or what a file holds. Nothing is decoded: that is what `find` is for.
    """
    if len(text.strip()) < FRAGMENT_CHARS:
        raise UsageError(
            f"{len(text.strip())} characters are too few to tell whose they are: a fragment of a token needs "
            f"{FRAGMENT_CHARS}. Give more of it, or the file that it stands in."
        )
    asked = _Asked(text, today=today, expires_after_days=expires_after_days, issued=_Issued(canaries))
    answers = _unless_within([answer for key in keys for answer in asked.of(key)], stronger=_is_whole)
    answers = _unless_within([*answers, *asked.foreign(answers)], stronger=_is_foreign)
    return sorted(answers, key=lambda answer: answer.offset)


def _unless_within(answers: Sequence[Answer], *, stronger: Callable[[Answer], bool]) -> list[Answer]:
    """A token may hold another key's marker by chance, and two keys in 18,432 have one: what is whole is no piece as well."""
    covered = {place for answer in answers if stronger(answer) for place in answer.places}
    return [answer for answer in answers if stronger(answer) or covered.isdisjoint(answer.places)]


def _is_whole(answer: Answer) -> bool:
    return answer.kind in {Kind.OURS, Kind.EXPIRED}


def _is_lost(answer: Answer) -> bool:
    return answer.kind is Kind.FRAGMENT and not answer.canaries


def _is_foreign(answer: Answer) -> bool:
    return answer.kind is Kind.FOREIGN


def status(answers: Sequence[Answer]) -> int:
    """0: all are known. 1: none is ours. 2: a fragment could not be assigned to one canary, or some are ours and some are not."""
    kinds = {_standing(answer) for answer in answers}
    return kinds.pop() if len(kinds) == 1 else _UNDECIDED if kinds else _NONE


def lines(answers: Iterable[Answer]) -> list[str]:
    """One for each answer."""
    return [f"at {answer.offset}: {_told(answer)}" for answer in answers]


class _Issued:
    """The canaries at hand: by id, and by the characters next to the marker of each token in them."""

    def __init__(self, canaries: Sequence[Canary]) -> None:
        self.canaries = canaries
        self._by_id: dict[str, Canary] | None = None
        self._near: dict[str, dict[tuple[str, str], list[tuple[str, Canary]]]] = {}

    def known(self, name: str) -> Canary | None:
        if self._by_id is None:
            self._by_id = {canary.id: canary for canary in self.canaries}
        return self._by_id.get(name)

    def with_piece(self, left: str, right: str, *, marker: str) -> list[Canary]:
        """Those of which a token agrees with at least seven characters next to the marker, and with most of them."""
        near = self._near_marker(marker)
        likely = [
            *near.get(("left", left[-_INDEXED_CHARS:]), ()),
            *near.get(("right", right[:_INDEXED_CHARS]), ()),
        ]
        agreeing = [(_agreeing(token, left=left, right=right), canary) for token, canary in likely]
        most = max([FRAGMENT_CHARS - MARKER_CHARS, *(count for count, _ in agreeing)])
        return list({canary.id: canary for count, canary in agreeing if count == most}.values())

    def _near_marker(self, marker: str) -> dict[tuple[str, str], list[tuple[str, Canary]]]:
        if marker not in self._near:
            near = self._near[marker] = defaultdict(list)
            for canary in self.canaries:
                for token in set(_tokens_in(canary, marker=marker)):
                    near["left", token[SIDE_CHARS - _INDEXED_CHARS : SIDE_CHARS]].append((token, canary))
                    near["right", token[-SIDE_CHARS:][:_INDEXED_CHARS]].append((token, canary))
        return self._near[marker]


@frozen
class _Asked:
    text: str = field(repr=False)
    today: dt.date = field(kw_only=True)
    expires_after_days: int = field(kw_only=True)
    issued: _Issued = field(kw_only=True, repr=False)

    def of(self, key: SiteKey) -> Iterator[Answer]:
        tokens, done = Tokens(key), 0
        for found in re.finditer(tokens.marker.decode(), self.text, re.ASCII | re.IGNORECASE):
            if found.start() < done:
                continue
            start = found.start() - SIDE_CHARS
            whole = self.text[max(start, done) : start + TOKEN_CHARS]
            checked = tokens.check(whole) if whole.isascii() else None
            if checked:
                done = start + TOKEN_CHARS
                yield self._ours(checked, tokens=tokens, key=key, offset=start)
            elif answer := self._piece(found.start(), key=key, marker=found[0].lower()):
                yield answer

    def foreign(self, answers: Sequence[Answer]) -> Iterator[Answer]:
        """What has the shape of a token, where no key of ours knows more about it."""
        told = {place for answer in answers if not _is_lost(answer) for place in answer.places}
        for found in _FOREIGN.finditer(self.text):
            if told.isdisjoint(range(*found.span())):
                yield Answer(kind=Kind.FOREIGN, offset=found.start(), size=TOKEN_CHARS)

    def _ours(self, checked: Checked, *, tokens: Tokens, key: SiteKey, offset: int) -> Answer:
        minted_on = self._minted_on(checked.token_id)
        is_old = (self.today - minted_on).days > self.expires_after_days
        name = tokens.canary_id(checked.token_id)
        canary = self.issued.known(name)
        return _answer(
            checked.token_id,
            kind=Kind.EXPIRED if is_old else Kind.OURS,
            offset=offset,
            size=TOKEN_CHARS,
            key_id=key.key_id,
            canary=name,
            minted_on=minted_on,
            tenant_name=canary.tenant if canary else None,
            part=checked.part,
        )

    def _piece(self, marker_at: int, *, key: SiteKey, marker: str) -> Answer | None:
        """Around a marker where no whole token of ours stands: a fragment, a forged token, or None if it is too short."""
        before = self.text[max(marker_at - SIDE_CHARS, 0) : marker_at].lower()
        after = self.text[marker_at + MARKER_CHARS : marker_at + MARKER_CHARS + SIDE_CHARS].lower()
        left = "".join(takewhile(ALPHABET.__contains__, reversed(before)))[::-1]
        right = "".join(takewhile(ALPHABET.__contains__, after))
        size, offset = len(left) + MARKER_CHARS + len(right), marker_at - len(left)
        if size < FRAGMENT_CHARS:
            return None
        fitting = self.issued.with_piece(left, right, marker=marker)
        if not fitting and size == TOKEN_CHARS:
            return Answer(kind=Kind.FORGED, offset=offset, size=size, key_id=key.key_id)
        if len(fitting) == 1:
            return self._fragment(fitting[0], key=key, offset=offset, size=size)
        return Answer(
            kind=Kind.AMBIGUOUS if fitting else Kind.FRAGMENT,
            offset=offset,
            size=size,
            key_id=key.key_id,
            canaries=tuple(sorted(canary.id for canary in fitting)),
            searched=len(self.issued.canaries),
        )

    def _fragment(self, canary: Canary, *, key: SiteKey, offset: int, size: int) -> Answer:
        return _answer(
            canary.token_id,
            kind=Kind.FRAGMENT,
            offset=offset,
            size=size,
            key_id=key.key_id,
            canary=canary.id,
            minted_on=self._minted_on(canary.token_id),
            tenant_name=canary.tenant,
            part=None,
        )

    def _minted_on(self, token_id: TokenId) -> dt.date:
        """The last such day up to today: a token's count of days begins again after 1,024."""
        return self.today - dt.timedelta(days=(day_of(self.today) - token_id.day) % (1 << DAY_BITS))


def _answer(
    token_id: TokenId,
    *,
    kind: Kind,
    offset: int,
    size: int,
    key_id: str,
    canary: str,
    minted_on: dt.date,
    tenant_name: str | None,
    part: Part | None,
) -> Answer:
    return Answer(
        kind=kind,
        offset=offset,
        size=size,
        key_id=key_id,
        canaries=(canary,),
        minted_on=minted_on,
        run=token_id.run,
        tenant=token_id.tenant,
        tenant_name=tenant_name,
        slot=SLOTS[token_id.slot] if token_id.slot < len(SLOTS) else f"number {token_id.slot}",
        part=part,
    )


def _tokens_in(canary: Canary, *, marker: str) -> Iterator[str]:
    """Its reference, and the tokens that its values hold."""
    for text in (canary.token, *canary.values):
        for found in re.finditer(marker, text, re.ASCII | re.IGNORECASE):
            start = found.start() - SIDE_CHARS
            if start >= 0 and start + TOKEN_CHARS <= len(text):
                yield text[start : start + TOKEN_CHARS].lower()


def _agreeing(token: str, *, left: str, right: str) -> int:
    """How many characters next to the marker, on both sides, are the same."""
    before = zip(reversed(token[:SIDE_CHARS]), reversed(left), strict=False)
    after = zip(token[-SIDE_CHARS:], right, strict=False)
    return sum(len(list(takewhile(lambda pair: pair[0] == pair[1], side))) for side in (before, after))


def _standing(answer: Answer) -> int:
    if answer.kind in {Kind.FORGED, Kind.FOREIGN}:
        return _NONE
    return _KNOWN if len(answer.canaries) == 1 else _UNDECIDED


def _told(answer: Answer) -> str:
    if answer.kind is Kind.FOREIGN:
        return "foreign: it has the shape of a token, but no key at hand has its marker: another site's, or none"
    if answer.kind is Kind.FORGED:
        return f"forged: it has the marker of key {answer.key_id}, but was not made with that key, or was altered since"
    if answer.kind is Kind.AMBIGUOUS:
        some = ", ".join(answer.canaries[:8]) + (", ..." if len(answer.canaries) > 8 else "")  # noqa: PLR2004 - a line
        return f"ambiguous: {answer.size} characters that {len(answer.canaries)} canaries have: {some}"
    if not answer.canaries:
        return f"fragment: {answer.size} characters with the marker of key {answer.key_id}; {_unassigned(answer)}"
    return f"{_named(answer.kind, size=answer.size)}: {_origin(answer)}"


def _named(kind: Kind, *, size: int) -> str:
    return f"fragment of {size} characters" if kind is Kind.FRAGMENT else kind.value


def _unassigned(answer: Answer) -> str:
    if answer.searched:
        return f"none of the {answer.searched} canaries given has them: give the file of the run that they are of"
    return "which canary it is of, a list alone can tell: name the file of 'gameday mint' with --canaries FILE"


def _origin(answer: Answer) -> str:
    tenant = f"tenant {answer.tenant_name or f'number {answer.tenant}'}"
    part = "" if answer.part is None else f", its {'reference' if answer.part is Part.TOKEN else 'value'}"
    return (
        f"canary {answer.canaries[0]}{part}, minted on {answer.minted_on}, run number {answer.run}, {tenant}, "
        f"slot {answer.slot}, key {answer.key_id}"
    )
