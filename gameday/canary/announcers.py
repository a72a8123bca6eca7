"""What announces a piece of a streamed answer (`"content":"`), and where the piece ends."""

import re
from typing import Final

import numpy as np
from attrs import frozen

from gameday.canary.blocks import RUN_MAX, WORD, Block, Places

_KEYS: Final = (
    rb"content|text|delta|arguments|partial_json|thinking|reasoning(?:_content)?|response|completion|generation|outputText|"
    rb"output_text|generated_text|answer|transcript|refusal|input|chunk|message"
)
ANNOUNCER: Final = re.compile(rb"(?:\\{0,15}[\"']|[ (,{])(?:" + _KEYS + rb")(?:\\{0,15}[\"'])?(?:: ?|=)(\\{0,15})[\"']")
_ROUNDS: Final = 48  # in which ends are sought in all pieces at once
_FEW: Final = 32  # are sought one by one
_SLASH: Final = ord("\\")


@frozen
class Announcer:
    literal: bytes
    quote: bytes
    slashes: int

    @classmethod
    def of(cls, found: re.Match[bytes]) -> "Announcer":
        """A quote within n levels of JSON has 2**n - 1 backslashes."""
        slashes = len(found[1])
        return cls(literal=found[0], quote=found[0][-1 - slashes :], slashes=slashes)

    def closing(self, data: bytes, start: int = 0) -> int:
        """Where the quote stands that closes a piece; escaped ones are part of it. -1: nowhere."""
        at = data.find(self.quote, start)
        while at > 0 and data[at - 1] == _SLASH:
            before = at
            while before > start and data[before - 1] == _SLASH:
                before -= 1
            if (at - before) % (2 * self.slashes + 2) == 0:
                break
            at = data.find(self.quote, at + 1)
        return at

    def head_of(self, frame: bytes) -> bytes:
        """What stands before a piece on its line; within one escaped line: in its event."""
        start = frame.rfind(b"\n") + 1
        return frame[start or (frame.rfind(b"\\n") + 1 if self.slashes else 0) :]

    def tail_of(self, part: bytes) -> bytes:
        """What stands behind a piece in its event."""
        return part.partition(b"\\n" if self.slashes else b"\n")[0]

    def ends(self, block: Block, starts: Places) -> Places:
        """Where the pieces end that begin at `starts`."""
        ends, left, at = np.full_like(starts, -1), np.arange(len(starts)), starts
        for _ in range(_ROUNDS):
            quotes, is_near = block.near(at, ord(self.quote[-1:]))
            run = block.run_before(quotes, _SLASH)
            is_closing = is_near & (run < RUN_MAX) & (run >= self.slashes)
            is_closing &= (run - np.uint8(self.slashes)) % np.uint8(2 * self.slashes + 2) == 0
            ends[left[is_closing]] = quotes[is_closing] - self.slashes
            if np.count_nonzero(is_closing) + _FEW > len(left):
                break
            at = np.where(is_near, quotes + 1, at + WORD)
            goes_on = ~is_closing & ~(is_near & (run == RUN_MAX)) & (at < block.size_bytes)
            left, at = left[goes_on], at[goes_on]
        for number in (ends < 0).nonzero()[0].tolist():
            end = self.closing(block.data, int(starts[number]))
            ends[number] = end if end >= 0 else block.size_bytes
        return ends
