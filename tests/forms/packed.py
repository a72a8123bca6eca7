"""Compressed streams, archives, image layers, and what git keeps."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import struct
import tarfile
import zipfile
import zlib
from typing import Final

import brotli
import cramjam
import lz4.block
import lz4.frame
import py7zr
from backports import zstd

from tests.forms.form import Form, Pack, of_bytes


def deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def zipped(body: bytes, *, method: int = zipfile.ZIP_DEFLATED, name: str = "logs/a.txt") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("readme.txt", b"nothing here\n" * 9)
        archive.writestr(name, body)
    return out.getvalue()


def tarred(body: bytes, *, name: str = "logs/a.txt") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member, data in (("readme.txt", b"nothing here\n" * 9), (name, body)):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def seven_zipped(body: bytes) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        archive.writestr(body, "logs/a.txt")
    return out.getvalue()


def debian_package(body: bytes) -> bytes:
    members = (("debian-binary", b"2.0\n"), ("data.tar.xz", lzma.compress(tarred(body))))
    parts = [b"!<arch>\n"]
    for name, data in members:
        parts += [f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode(), data, b"\n" * (len(data) % 2)]
    return b"".join(parts)


def cpio(body: bytes) -> bytes:
    parts = []
    for name, data in (("a.txt\0", body), ("TRAILER!!!\0", b"")):
        fields = (1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode()
        parts += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]
    return b"".join(parts)


def _image(body: bytes, *, pack: Pack, media: str) -> bytes:
    """An OCI image layout in a tar, as `docker save` writes it."""
    layer = pack(tarred(body, name="app/prompts.txt"))
    digest = hashlib.sha256(layer).hexdigest()
    manifest = {"schemaVersion": 2, "layers": [{"mediaType": media, "digest": f"sha256:{digest}", "size": len(layer)}]}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in (("index.json", json.dumps(manifest).encode()), (f"blobs/sha256/{digest}", layer)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def image(body: bytes) -> bytes:
    return _image(body, pack=gzip.compress, media="application/vnd.oci.image.layer.v1.tar+gzip")


def image_zstd(body: bytes) -> bytes:
    return _image(body, pack=zstd.compress, media="application/vnd.oci.image.layer.v1.tar+zstd")


def loose_object(body: bytes) -> bytes:
    return zlib.compress(b"blob %d\0" % len(body) + body)


def pack_file(body: bytes, *, level: int = -1) -> bytes:
    """Version 2, two blobs, no deltas."""
    parts = [b"PACK" + struct.pack(">II", 2, 2)]
    for data in (b"tree of nothing\n", body):
        size, head = len(data) >> 4, [3 << 4 | len(data) & 15]
        while size:
            head[-1] |= 128
            head.append(size & 127)
            size >>= 7
        parts += [bytes(head), zlib.compress(data, level)]
    whole = b"".join(parts)
    return whole + hashlib.sha1(whole, usedforsecurity=False).digest()


def _http(body: bytes) -> bytes:
    packed = gzip.compress(body)
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(packed)}\r\n\r\n"
    return head.encode() + packed


def _thrice(body: bytes) -> bytes:
    """So that there is something to refer back to."""
    return body * 3


COMPRESSIONS: Final[tuple[Form, ...]] = (
    of_bytes("gzip", gzip.compress),
    of_bytes("gzip, repetitive", lambda body: gzip.compress(_thrice(body))),
    of_bytes("gzip of a large body", lambda body: gzip.compress(b"the same old line\n" * 60_000 + body)),
    of_bytes("gzip, second member", lambda body: gzip.compress(b"first\n") + gzip.compress(body)),
    of_bytes("gzip, cut short", lambda body: gzip.compress(body + b"some more text to lose" * 40)[:-9]),
    of_bytes("gzip in an HTTP answer", _http),
    of_bytes("zlib", zlib.compress),
    of_bytes("zlib, level 1", lambda body: zlib.compress(body, 1)),
    of_bytes("zlib, level 9", lambda body: zlib.compress(body, 9)),
    of_bytes("zlib, stored", lambda body: zlib.compress(body, 0)),
    of_bytes("raw deflate", deflated),
    of_bytes("raw deflate (file)", deflated, is_file=True),
    of_bytes("zstd", zstd.compress),
    of_bytes("zstd, repetitive", lambda body: zstd.compress(_thrice(body))),
    of_bytes("brotli", brotli.compress),
    of_bytes("brotli (file)", lambda body: brotli.compress(_thrice(body)), is_file=True),
    of_bytes("xz", lzma.compress),
    of_bytes("lzma alone (file)", lambda body: lzma.compress(body, format=lzma.FORMAT_ALONE), is_file=True),
    of_bytes("bzip2", bz2.compress),
    of_bytes("lz4 frame", lambda body: lz4.frame.compress(_thrice(body))),
    of_bytes("lz4 block", lambda body: lz4.block.compress(_thrice(body))),
    of_bytes("snappy", lambda body: bytes(cramjam.snappy.compress_raw(_thrice(body)))),
    of_bytes("snappy, framed", lambda body: bytes(cramjam.snappy.compress(_thrice(body)))),
)

ARCHIVES: Final[tuple[Form, ...]] = (
    of_bytes("zip", zipped),
    of_bytes("zip, stored", lambda body: zipped(body, method=zipfile.ZIP_STORED)),
    of_bytes("zip, bzip2", lambda body: zipped(body, method=zipfile.ZIP_BZIP2)),
    of_bytes("zip, lzma", lambda body: zipped(body, method=zipfile.ZIP_LZMA)),
    of_bytes("zip (file)", zipped, is_file=True),
    of_bytes("tar", tarred),
    of_bytes("tar.gz", lambda body: gzip.compress(tarred(body))),
    of_bytes("tar.zst", lambda body: zstd.compress(tarred(body))),
    of_bytes("tar.xz", lambda body: lzma.compress(tarred(body))),
    of_bytes("7z (file)", seven_zipped, is_file=True),
    of_bytes("Debian package (file)", debian_package, is_file=True),
    of_bytes("cpio", cpio),
    of_bytes("container image (file)", image, is_file=True),
    of_bytes("container image, zstd (file)", image_zstd, is_file=True),
)

GIT: Final[tuple[Form, ...]] = (
    of_bytes("git loose object (file)", loose_object, is_file=True),
    of_bytes("git pack (file)", pack_file, is_file=True),
    of_bytes("git pack, level 1 (file)", lambda body: pack_file(body, level=1), is_file=True),
    of_bytes(
        "git bundle (file)",
        lambda body: b"# v2 git bundle\n" + b"0" * 40 + b" HEAD\n\n" + pack_file(body),
        is_file=True,
    ),
)
