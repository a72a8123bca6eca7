"""The two sources: what they yield is what is there, in memory that does not grow with it."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.canary.source import Source, Unread
from gameday.canary.streams import FileSource, StreamSource

MIB = 1 << 20


class Counted:
    """Pieces that know how many bytes were asked of them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.pulled = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.pulled += len(piece)
            yield piece


@given(
    pieces=st.lists(st.binary(max_size=40), max_size=30),
    reads=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 300)), max_size=20),
)
def test_a_stream_reads_as_its_pieces_joined(pieces: list[bytes], reads: list[tuple[int, int]]) -> None:
    source, whole = StreamSource(iter(pieces)), b"".join(pieces)
    for start, size in reads:
        assert source.read(start, size) == whole[start : start + size]
    assert source.rest(0, limit=len(whole)) == whole
    assert source.read(3, 20) == whole[3:23]


@given(pieces=st.lists(st.binary(min_size=1, max_size=40), max_size=30), cut=st.integers(0, 700))
def test_what_is_kept_of_a_stream_is_what_was_not_forgotten(pieces: list[bytes], cut: int) -> None:
    source, whole = StreamSource(iter(pieces)), b"".join(pieces)
    source.read(0, 50)
    source.forget(cut)
    assert source.read(cut, 1000) == whole[cut : cut + 1000]
    assert source.rest(cut + 1, limit=10_000) == whole[cut + 1 :]


def test_reading_what_a_stream_forgot_is_an_error() -> None:
    source = StreamSource(iter([b"abc", b"def"]))
    source.forget(4)
    with pytest.raises(ValueError, match="byte 3 of a stream was dropped"):
        source.read(3, 1)


def test_a_stream_keeps_only_its_look_back() -> None:
    source = StreamSource(iter([b"x" * 100_000] * 30), look_back=MIB)
    source.read(2 * MIB, 10)
    assert bytes(source.read(MIB, 1)) == b"x"
    with pytest.raises(ValueError, match="was dropped"):
        source.read(MIB - 1, 1)


def test_a_stream_is_pulled_no_further_than_it_is_read() -> None:
    pieces = Counted(itertools.repeat(b"y" * 1000, 100_000))
    StreamSource(pieces).read(500_000, 1000)
    assert 501_000 <= pieces.pulled <= 501_000 + 66_000


def test_the_rest_of_a_stream_has_a_limit_and_can_still_be_read_in_part() -> None:
    source = StreamSource(iter([b"z" * 1000] * 50))
    with pytest.raises(Unread):
        source.rest(100, limit=40_000)
    assert len(source.read(100, 5000)) == 5000
    assert len(source.rest(10_000, limit=40_000)) == 40_000


def test_many_small_pieces_cost_one_pass() -> None:
    """Two million pieces of one byte, read in 64 KiB steps with an overlap; quadratic work would take minutes."""
    source = StreamSource(itertools.repeat(b"a", 2 * MIB))
    reads = [source.read(start, 65536 + 1024) for start in range(0, 2 * MIB, 65536)]
    assert sum(map(len, reads)) == 2 * MIB + 31 * 1024


def test_a_read_within_one_piece_copies_nothing() -> None:
    piece = bytes(4 * MIB)
    assert StreamSource(iter([piece])).read(MIB, MIB).obj is piece


def test_an_error_of_the_pieces_passes_through() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x" * 70_000
        raise ConnectionResetError("the peer went away")

    source = StreamSource(pieces())
    assert len(source.read(0, 10)) == 10
    with pytest.raises(ConnectionResetError):
        source.read(70_000, 1)


@given(body=st.binary(max_size=3000), start=st.integers(0, 4000), size=st.integers(0, 4000))
def test_a_file_reads_as_it_is(tmp_path_factory: pytest.TempPathFactory, body: bytes, start: int, size: int) -> None:
    path = tmp_path_factory.getbasetemp() / "body"
    path.write_bytes(body)
    with FileSource(path) as source:
        assert source.size == len(body)
        assert source.read(start, size) == body[start : start + size]
        assert source.rest(start, limit=0) == body[start:]


def test_what_was_read_of_a_file_outlives_what_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "body"
    path.write_bytes(b"first" + bytes(64 * MIB) + b"last")
    with FileSource(path) as source:
        first = source.read(0, 5)
        assert bytes(source.read(64 * MIB + 5, 10)) == b"last"
        assert bytes(first) == b"first"
        assert bytes(source.read(0, 5)) == b"first"


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileSource(tmp_path / "nowhere")


def test_both_are_sources() -> None:
    sources: list[Source] = [StreamSource(iter(())), FileSource(Path(__file__))]
    assert [len(source.read(0, 3)) for source in sources] == [0, 3]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is asked of /proc")
def test_a_large_file_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(400 * MIB)
    program = (
        "import sys; from pathlib import Path; from gameday.canary.streams import FileSource\n"
        "source = FileSource(Path(sys.argv[1]))\n"
        "for start in range(0, source.size, 1 << 20): bytes(source.read(start, (1 << 20) + 1024))\n"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100_000  # KiB
