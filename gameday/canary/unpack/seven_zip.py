"""7z, by py7zr: its own loop asks for up to 128 MB at a time, so the decompressors are driven from here, piece by piece."""

import io
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Final

from gameday.canary.source import Member, NotThisFormat, Source, Unpacker, Unread
from gameday.canary.unpack.optional import needed
from gameday.canary.unpack.stream import PIECE_BYTES
from gameday.canary.unpack.view_file import opened

if TYPE_CHECKING:
    from py7zr import SevenZipFile
    from py7zr.compressor import SevenZipDecompressor
    from py7zr.py7zr import ArchiveFile

LIMIT_BYTES: Final = 64 << 20
_STEP_BYTES: Final = 4096  # fed at a time
_ZSTD_STEP_BYTES: Final = 256  # py7zr gives all that comes of a step at once, and here that may be 16 MiB
_ZSTD, _BROTLI = b"\x04\xf7\x11\x01", b"\x04\xf7\x11\x02"
_MAGIC: Final = b"7z\xbc\xaf\x27\x1c"


def _archive(file: io.BufferedReader) -> "SevenZipFile":
    with needed("py7zr", to_read="7z"):
        from py7zr import SevenZipFile, exceptions  # noqa: PLC0415
    try:
        return SevenZipFile(file)
    except exceptions.PasswordRequired as error:
        raise Unread("encrypted, its list of names too") from error
    except exceptions.UnsupportedCompressionMethodError as error:
        raise Unread("its header is packed by a method that py7zr does not read") from error
    except Exception as error:  # a broken header raises whatever its numbers lead to
        raise NotThisFormat from error


def _starts(archive: "SevenZipFile") -> dict[int, int]:
    """Where the packed data of each folder begins."""
    streams = archive.header.main_streams
    if streams is None:
        return {}
    places = zip(streams.unpackinfo.folders, streams.packinfo.packpositions, strict=False)
    return {id(folder): archive.afterheader + place for folder, place in places}


def _decompressor(entry: "ArchiveFile") -> "SevenZipDecompressor":
    methods = [coder["method"] for coder in entry.folder.coders]
    if _BROTLI in methods:
        raise Unread("packed by Brotli, which py7zr does not unpack within bounds")
    decompressor = entry.folder.get_decompressor(entry.compressed or 0)
    decompressor.block_size = _ZSTD_STEP_BYTES if _ZSTD in methods else _STEP_BYTES
    return decompressor


def _pieces(file: io.BufferedReader, entry: "ArchiveFile") -> Iterator[bytes]:
    from py7zr import exceptions  # noqa: PLC0415

    left = entry.uncompressed
    try:
        decompressor = _decompressor(entry)
        while left > 0:
            before = file.tell()
            piece = bytes(decompressor.decompress(file, min(PIECE_BYTES, left)))
            if not piece and file.tell() == before:
                break
            left -= len(piece)
            yield piece
    except exceptions.PasswordRequired as error:
        raise Unread("encrypted") from error
    except exceptions.UnsupportedCompressionMethodError as error:
        raise Unread("packed by a method that py7zr does not read") from error
    except Unread:
        raise
    except Exception as error:
        raise Unread(f"broken {left} bytes before its end") from error
    if left > 0:
        raise Unread(f"cut short {left} bytes before its end")


def _members(file: io.BufferedReader, archive: "SevenZipFile") -> Iterator[Member]:
    starts, last = _starts(archive), None
    for entry in archive.files:
        if entry.emptystream:
            yield Member(entry.filename, ())
            continue
        if entry.folder is not last:
            last = entry.folder
            file.seek(starts[id(last)])
        pieces = _pieces(file, entry)
        yield Member(entry.filename, pieces)
        # what shares a folder is one stream: the next member begins where this one is read to
        for _ in pieces:
            pass


def _unpack(source: Source, start: int) -> Generator[Member, None, int | None]:
    with opened(source.rest(start, limit=LIMIT_BYTES)) as file:
        yield from _members(file, _archive(file))
    return None


SEVEN_ZIP: Final = Unpacker(form="7z", magics=(_MAGIC,), anywhere=False, unpack=_unpack)
