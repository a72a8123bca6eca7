"""One search through one source: the engine finds where to look, and what stands there is read back, unpacked and noted."""

import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Final

from attrs import define, field

from gameday.canary.dumps import dumped
from gameday.canary.forms import View, Views
from gameday.canary.joins import Joined, Joins
from gameday.canary.known import Known, Site, part_of, slot_of
from gameday.canary.mint import Canary
from gameday.canary.packed_text import packed_text
from gameday.canary.patterns import Anchor, Announcer, Dump, Marker, Patterns, Stream
from gameday.canary.results import Results
from gameday.canary.source import BytesSource, Member, NotThisFormat, Source, Unpacker, Unread
from gameday.canary.spellings import Spelling
from gameday.canary.streams import StreamSource
from gameday.canary.token import MARKER_CHARS, SIDE_CHARS, TOKEN_CHARS
from gameday.canary.token_search import Spotted
from gameday.canary.unpack import BROTLI, ZLIB
from gameday.canary.unspell import texts, unescaped, unfolded

BLOCK_BYTES: Final = 256 << 10  # fits the processor's second cache, so that a second pass costs little
OVERLAP_BYTES: Final = 1 << 10
RADIUS_BYTES: Final = 1200  # of the window that is read back around a hit
MAX_DEPTH: Final = 8  # of packs in packs
CLOSE_LOOKS: Final = 4000  # in one block: more of what looks like a canary or a pack and is none is an attack
PIECES_LEAST: Final = 3  # times that one sign stands in a block with a stream in it
STREAM_END_BYTES: Final = 16 << 10  # of the block behind the last one that holds a stream
PIECES_COST: Final = 16  # looks: what it costs to try a token whose one side is missing
NAMES_AT_ONCE: Final = 1000
_GIB: Final = 1 << 30


@define
class Budget:
    """Of one search, at all depths: what may come out of unpacking, which grows with what was read."""

    bytes_left: int = _GIB
    a_byte: int = 200

    def read(self, size: int) -> None:
        self.bytes_left += self.a_byte * size

    def is_spent(self, size: int) -> bool:
        self.bytes_left -= size
        return self.bytes_left < 0


@define
class Search:
    """`form` is the chain of forms that the source came out of; `outer` tells where an offset in it lies in the outermost bytes."""

    _patterns: Patterns
    _known: Known
    _results: Results
    _source: Source
    _budget: Budget = field(kw_only=True)
    _views: type[Views] | None = field(default=None, kw_only=True)
    _form: tuple[str, ...] = field(default=(), kw_only=True)
    _outer: Callable[[int], int] | None = field(default=None, kw_only=True)
    _is_view: bool = field(default=False, kw_only=True)
    _looks_left: int = CLOSE_LOOKS
    _done: dict[int, int] = field(factory=dict)
    _skip_to: int = 0
    _joins: Joins | None = None
    _is_streaming: bool = False

    def run(self, start: int = 0, end: int | None = None) -> None:
        """Everything that begins in [start, end)."""
        position = start
        if start == 0:
            self._whole_file()
        while end is None or position < end:
            position = max(position, self._skip_to)
            size = BLOCK_BYTES if end is None else min(BLOCK_BYTES, max(end - position, 0))
            block = self._source.read(position, size + OVERLAP_BYTES)
            if not block or not size:
                break
            self._block(block, position, size)
            position += size
        self._end_streams(position)

    def _whole_file(self) -> None:
        head = bytes(self._source.read(0, 512))
        packed = self._patterns.packed(head)
        for unpacker in packed:
            self._unpack(unpacker, 0)
        text = packed_text(head)
        if text is not None:
            self._unpack(text, 0)
        if not packed and not self._is_view and not head.isascii():
            self._unpack(BROTLI, 0)  # has no magic: anything may be of it

    def _block(self, block: memoryview, begin: int, size: int) -> None:
        if self._outer is None:
            self._budget.read(size)
        self._looks_left = CLOSE_LOOKS
        signs, has_dump = set[bytes](), False
        for meaning, start, behind in self._patterns.scan(block):
            if start >= size:
                continue
            match meaning:
                case Announcer() if begin + start < self._skip_to:
                    continue  # it lies in what was unpacked already
                case Stream(sign):
                    signs.add(sign)
                case Dump():
                    has_dump = True
                case _:
                    self._meet(meaning, begin + start, begin + behind)
        self._zlib(self._patterns.zlib_heads(block), begin, block, size)
        self._streams(block[:size], begin, signs=signs)
        if self._views is not None:
            self._every_view(self._views(bytes(block)), begin)
        if has_dump:
            self._nested(BytesSource(dumped(bytes(block))), form=("dump",), outer=lambda _: self._outermost(begin))

    def _streams(self, block: memoryview, begin: int, *, signs: set[bytes]) -> None:
        """Answers that were streamed piece by piece are put together, and searched as what they say."""
        is_streamed = any(_stands_often(bytes(block), sign) for sign in signs)
        if is_streamed and self._joins is None:
            self._joins = Joins()
        if self._joins is not None and (is_streamed or self._is_streaming):
            part = block if is_streamed else block[:STREAM_END_BYTES]
            for joined in self._joins.joined(part, offset=begin, signs=signs):
                self._joined(joined)
        self._is_streaming = is_streamed

    def _end_streams(self, position: int) -> None:
        """A stream that goes on beyond the end is followed a little further."""
        if self._joins is None:
            return
        self._streams(self._source.read(position, STREAM_END_BYTES), position, signs=set())
        for joined in self._joins.finish():
            self._joined(joined)
        if self._joins.unread is not None:
            self._results.note(self._joins.unread, form=(*self._form, "streamed"), offset=self._outermost(0))

    def _joined(self, joined: Joined) -> None:
        self._nested(
            BytesSource(joined.data), form=("streamed",), outer=lambda place: self._outermost(joined.origin(place))
        )

    def _every_view(self, views: Views, begin: int) -> None:
        """Everything that may be encoded is decoded, whether or not anything tells of a canary in it."""
        for view in views:
            if view.form != ("raw",):
                outer = _origins(view, begin, self._outermost)
                self._nested(BytesSource(view.data), form=view.form, outer=outer, views=views)
        if not views.is_complete:
            why = "too much of it is encoded, or too deeply, to be decoded in full"
            self._results.note(why, form=self._form, offset=self._outermost(begin))

    def _meet(self, meaning: Marker | Anchor | Announcer, start: int, behind: int) -> None:
        match meaning:
            case Announcer(unpacker):
                self._unpack(unpacker, start - unpacker.magic_at)
            case Anchor(anchor, spelling):
                if self._may_look(spelling, start):
                    self._anchor(anchor, spelling, start)
            case Marker(site, spelling):
                is_plain = behind - start == MARKER_CHARS and not spelling.steps and self._plain_token(site, start)
                if not is_plain and self._may_look(spelling, start):
                    self._marker(site, spelling, start)

    def _plain_token(self, site: Site, start: int) -> bool:
        """The quick way, for a token that stands there as it was minted."""
        begin = max(start - SIDE_CHARS, 0)
        token = bytes(self._source.read(begin, TOKEN_CHARS))
        checked = site.tokens.check(token.decode("latin-1"))
        if checked is None:
            return False
        self._note_token(site, Spotted(checked, start), form=(), offset=begin, text=None)
        return True

    def _marker(self, site: Site, spelling: Spelling, start: int) -> None:
        window, at = self._window(start)
        if spelling.cut:
            self._cut(site, spelling, window.lower(), at, offset=start)
            return
        for text in texts(window, spelling, at=at):
            self._tokens(site, text, form=_names(spelling), offset=start)

    def _cut(self, site: Site, spelling: Spelling, window: bytes, at: int, *, offset: int) -> None:
        if (
            site.tokens.marker not in window[max(at - 1, 0) : at + MARKER_CHARS]
        ):  # else its whole spelling is met as well
            at += len(spelling.literal) + spelling.cut if spelling.cut < 0 else 0
            for spotted in site.search.cut(window, at, kept=spelling.cut):
                self._note_token(site, spotted, form=("cut",), offset=offset, text=window)

    def _tokens(self, site: Site, text: bytes, *, form: tuple[str, ...], offset: int) -> None:
        found = list(site.search.whole(text))
        for spotted in found:
            self._note_token(site, spotted, form=form, offset=offset, text=text)
        for plain in (*unfolded(text), *([] if form else [unescaped(text)])):
            for spotted in site.search.whole(plain):
                self._note_token(site, spotted, form=form or ("folded",), offset=offset, text=plain)
                found.append(spotted)
        if not found:
            for tried in site.search.in_pieces(text):
                if not self._may_go_on(offset, cost=PIECES_COST):
                    break
                if tried is not None:
                    self._note_token(site, tried, form=form, offset=offset, text=text)

    def _anchor(self, anchor: str, spelling: Spelling, start: int) -> None:
        window, at = self._window(start)
        for text in texts(window, spelling, at=at):
            for plain in dict.fromkeys((text, unescaped(text))):
                shown = plain.decode("utf-8", "ignore")
                for canary in self._known.near_anchor(shown, anchor=anchor):
                    part = "value" if canary.is_redactable else "prose"
                    self._note(
                        canary.id, canary, part=part, slot=canary.slot, form=_names(spelling), offset=start, text=shown
                    )

    def _note_token(
        self, site: Site, spotted: Spotted, *, form: tuple[str, ...], offset: int, text: bytes | None
    ) -> None:
        canary_id = site.tokens.canary_id(spotted.checked.token_id)
        canary = self._known.get(canary_id)
        if text is None and canary is not None:
            text = self._window(offset)[0]
        self._note(
            canary_id,
            canary,
            part=part_of(canary, spotted.checked),
            slot=slot_of(spotted.checked),
            form=form,
            offset=offset,
            text=None if text is None else unescaped(text).decode("utf-8", "ignore"),
            letters=spotted.chars,
        )

    def _note(
        self,
        canary_id: str,
        canary: Canary | None,
        *,
        part: str,
        slot: str,
        form: tuple[str, ...],
        offset: int,
        text: str | None,
        letters: int = 0,
    ) -> None:
        chain = (*self._form, *form) or ("raw",)
        words = None if canary is None else self._known.words(canary)
        hit = self._results.hit(canary_id, form=chain, slot=slot, offset=self._outermost(offset), words=words)
        hit.parts.add(part)
        if hit.exposure is not None:
            hit.exposure.least_letters = max(hit.exposure.least_letters, letters)
        if hit.exposure is not None and text is not None and not hit.exposure.is_whole:
            hit.exposure.add(text)

    def _may_look(self, spelling: Spelling, start: int) -> bool:
        """Not twice at one window, and not for ever."""
        if spelling.steps[:1] != ("base64",):
            if start < self._done.get(id(spelling), 0):
                return False
            self._done[id(spelling)] = start + RADIUS_BYTES // 2
        return self._may_go_on(start, cost=1)

    def _may_go_on(self, start: int, *, cost: int) -> bool:
        was, self._looks_left = self._looks_left, self._looks_left - cost
        if self._looks_left <= 0 < was:
            why = "too much in one block looks like canaries or packs and is none"
            self._results.note(why, form=self._form, offset=self._outermost(start))
        return self._looks_left > 0

    def _window(self, start: int) -> tuple[bytes, int]:
        begin = max(start - RADIUS_BYTES, 0)
        return bytes(self._source.read(begin, 2 * RADIUS_BYTES)), start - begin

    def _outermost(self, offset: int) -> int:
        return offset if self._outer is None else self._outer(offset)

    def _zlib(self, heads: Iterable[int], begin: int, block: memoryview, size: int) -> None:
        """A zlib stream has no telling beginning: two bytes, which occur by chance."""
        for start in heads:
            if start < size and begin + start >= self._skip_to and _may_be_zlib(bytes(block[start : start + 64])):
                self._unpack(ZLIB, begin + start)

    def _unpack(self, unpacker: Unpacker, start: int) -> None:
        if start < 0 or not self._may_go_on(start, cost=1):
            return
        members = unpacker.unpack(self._source, start)
        try:
            end = self._members(members, unpacker, start)
        except NotThisFormat:
            return
        except Unread as unread:
            self._unread(unread, unpacker, start)
        else:
            self._skip_to = max(self._skip_to, end or 0)
        finally:
            members.close()
            self._skip_to = max(self._skip_to, self._source.floor)  # a stream does not go far back

    def _members(self, members: Generator[Member, None, int | None], unpacker: Unpacker, start: int) -> int | None:
        """A member that cannot be read does not keep the next one from being read. Their names are searched as well."""
        names = list[str]()
        try:
            while True:
                member = next(members)
                names.append(member.name)
                self._member(member, unpacker, start)
                if len(names) == NAMES_AT_ONCE:
                    self._search_names(names, unpacker, start)
        except StopIteration as stop:
            end: int | None = stop.value
            return end
        finally:
            self._search_names(names, unpacker, start)

    def _member(self, member: Member, unpacker: Unpacker, start: int) -> None:
        source = StreamSource(self._within_budget(member.pieces))
        self._nested(source, form=(unpacker.form,), outer=lambda _: self._outermost(start))
        if source.unread is not None:
            self._unread(source.unread, unpacker, start)

    def _search_names(self, names: list[str], unpacker: Unpacker, start: int) -> None:
        source = BytesSource("\n".join(names).encode("utf-8", "surrogateescape"))
        names.clear()
        self._nested(source, form=(unpacker.form,), outer=lambda _: self._outermost(start))

    def _unread(self, unread: Unread, unpacker: Unpacker, start: int) -> None:
        if unpacker is BROTLI:
            return  # most of what breaks never was of it
        self._results.note(unread.why, form=(*self._form, unpacker.form), offset=self._outermost(start))

    def _within_budget(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            if self._budget.is_spent(len(piece)):
                raise Unread("it unpacks to far more than its size: a decompression bomb")
            yield piece

    def _nested(
        self, source: Source, *, form: tuple[str, ...], outer: Callable[[int], int], views: Views | None = None
    ) -> None:
        """Searches what came out of `form`; `views`, if it did not come out of a pack but was decoded by them."""
        if len(self._form) >= MAX_DEPTH:
            self._results.note(f"nested more than {MAX_DEPTH} deep", form=self._form, offset=outer(0))
            return
        Search(
            self._patterns,
            self._known,
            self._results,
            source,
            budget=self._budget,
            views=self._views if views is None else None,
            form=(*self._form, *form),
            outer=outer,
            is_view=views is not None,
        ).run()


def _stands_often(block: bytes, sign: bytes) -> bool:
    at = -1
    for _ in range(PIECES_LEAST):
        at = block.find(sign, at + 1)
        if at < 0:
            return False
    return True


def _origins(view: View, begin: int, outermost: Callable[[int], int]) -> Callable[[int], int]:
    return lambda position: outermost(begin + view.origin(position))


def _may_be_zlib(head: bytes) -> bool:
    """Most of what begins so by chance is broken within its first bytes."""
    try:
        zlib.decompressobj().decompress(head, 64)
    except zlib.error:
        return False
    return True


def _names(spelling: Spelling) -> tuple[str, ...]:
    """The chain of forms, as a user reads it."""
    fold = "utf-16" if spelling.gap == b"\0" else spelling.fold
    return tuple(name for name in (*spelling.steps, fold) if name not in {"", "nul"})
