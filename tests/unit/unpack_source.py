"""A source over bytes that is as strict as one may be, and what an unpacker makes of it."""

from attrs import define, field

from gameday.canary.source import Member, NotThisFormat, Unpacker, Unread

LOOK_BACK_BYTES = 256 << 10


@define
class Held:
    """Lets go of what it gave at the next call, and refuses to look back far."""

    data: bytes = field(repr=False)
    _given: memoryview = field(factory=lambda: memoryview(b""), repr=False)
    _furthest: int = 0

    @property
    def floor(self) -> int:
        return max(0, self._furthest - LOOK_BACK_BYTES)

    def read(self, start: int, size: int) -> memoryview:
        assert start >= self.floor, "looked back too far"
        assert 0 <= size <= 64 << 20, "asked for too much at a time"
        self._given.release()
        self._given = memoryview(self.data[start : start + size])
        self._furthest = max(self._furthest, start)
        return self._given

    def rest(self, start: int, *, limit: int) -> memoryview:
        if len(self.data) - start > limit:
            raise Unread("too much")
        return memoryview(self.data)[start:]


@define
class Outcome:
    """All that came out. `end` is what the unpacker returned, -1 where it returned nothing."""

    members: dict[str, bytes] = field(factory=dict, repr=False)
    notes: list[str] = field(factory=list)
    end: int | None = -1
    is_this_format: bool = True
    longest_piece: int = 0

    @property
    def content(self) -> bytes:
        return b"".join(self.members.values())

    def read(self, member: Member) -> None:
        parts = list[bytes]()
        try:
            for piece in member.pieces:
                parts.append(piece)
                self.longest_piece = max(self.longest_piece, len(piece))
        except Unread as unread:
            self.notes.append(unread.why)
        self.members[member.name] = self.members.get(member.name, b"") + b"".join(parts)


def unpacked(unpacker: Unpacker, data: bytes, start: int = 0) -> Outcome:
    """Everything, read as the search reads it."""
    outcome, members = Outcome(), unpacker.unpack(Held(data), start)
    while True:
        try:
            outcome.read(next(members))
        except StopIteration as stopped:
            outcome.end = stopped.value
            return outcome
        except Unread as unread:
            outcome.notes.append(unread.why)
            return outcome
        except NotThisFormat:
            assert not outcome.members, "not this format, said after something came out"
            outcome.is_this_format = False
            return outcome
