"""What is told of a sweep on its way."""

import io

from hypothesis import given
from hypothesis import strategies as st

from gameday.sweep.progress import Progress, moving
from gameday.sweep.result import Swept
from gameday.sweep.sweeping import Standing

HALF = Standing(done_bytes=5_000_000_000, total_bytes=10_000_000_000, files=3, found=1200)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(stream: io.StringIO) -> list[str]:
    progress = Progress(stream)
    progress(Standing(done_bytes=0, total_bytes=10_000_000_000, files=3, found=0))
    progress(Standing(done_bytes=10_000_000_000, total_bytes=10_000_000_000, files=3, found=7))
    progress.end(Swept(sightings=(), unseen=(), files=3, size_bytes=10_000_000_000))
    return stream.getvalue().splitlines()


def test_the_line_says_how_far_how_fast_and_how_long() -> None:
    assert moving(HALF, seconds=2.0, recalled_bytes=1_000_000_000) == (
        "[##########          ]  50% 5.00 of 10.00 GB, 2.00 GB/s, 2 s left, 1,200 found"
    )


@given(total=st.integers(0, 1 << 60), share=st.floats(0, 1), recalled=st.floats(0, 1), seconds=st.floats(0, 1e9))
def test_any_standing_can_be_told(total: int, share: float, recalled: float, seconds: float) -> None:
    done = int(total * share)
    standing = Standing(done_bytes=done, total_bytes=total, files=1, found=0)
    assert moving(standing, seconds=seconds, recalled_bytes=int(done * recalled))


def test_a_log_gets_one_line_at_the_beginning_and_one_at_the_end() -> None:
    first, last = told(io.StringIO())
    assert first == "sweeping 3 files, 10.00 GB"
    assert last.startswith("swept 3 files, 10.00 GB in ")


def test_a_terminal_gets_a_line_that_moves_and_goes() -> None:
    whole = "\n".join(told(Terminal()))
    assert "100% 10.00 of 10.00 GB" in whole
    assert "7 found" in whole
