"""A file of canaries: JSON lines, a header first, readable by its owner only. It is as secret as what it holds."""

import datetime as dt
import gc
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Final, Literal

import msgspec

from gameday import clock
from gameday.canary.key import SiteKey
from gameday.canary.mint import Canary
from gameday.canary.token import DAY_BITS, RUN_BITS, SERIAL_BITS, SLOT_BITS, TENANT_BITS, TOKEN_CHARS
from gameday.errors import ConfigError, UsageError

FORMAT: Final = "gameday canaries"
VERSION: Final = 1
_LINE_BYTES_MAX: Final = 16 << 20
_OTHERS: Final = 0o077
_AGAIN: Final = (
    "Mint the file again with 'gameday mint --out FILE', or restore it; a line of it cannot be mended by hand."
)
_ENCODER: Final = msgspec.json.Encoder()

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Number = Annotated[int, msgspec.Meta(ge=0)]


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which key (its id) and run the canaries are, and when the file was written (UTC)."""

    format: Literal["gameday canaries"] = FORMAT
    version: int = VERSION
    key: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}\Z")]
    run: _Name
    minted: dt.date


class _TokenId(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    day: Annotated[int, msgspec.Meta(ge=0, lt=1 << DAY_BITS)]
    run: Annotated[int, msgspec.Meta(ge=0, lt=1 << RUN_BITS)]
    tenant: Annotated[int, msgspec.Meta(ge=0, lt=1 << TENANT_BITS)]
    slot: Annotated[int, msgspec.Meta(ge=0, lt=1 << SLOT_BITS)]
    serial: Annotated[int, msgspec.Meta(ge=0, lt=1 << SERIAL_BITS)]


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One canary, its fields by the same names."""

    id: _Name
    family: _Name
    locale: str
    tenant: _Name
    slot: _Name
    serial: _Number
    token_id: _TokenId
    is_secret: bool
    is_redactable: bool
    fingerprint: _Name
    token: Annotated[str, msgspec.Meta(min_length=TOKEN_CHARS, max_length=TOKEN_CHARS)]
    values: tuple[str, ...]
    anchors: tuple[str, ...]
    text: str


_HEADERS: Final = msgspec.json.Decoder(Header)
_LINES: Final = msgspec.json.Decoder(_Line)
_NAMES: Final = ("id", "family", "locale", "tenant", "slot", "fingerprint")
_KEYS: Final = frozenset((*Header.__struct_fields__, *_TokenId.__struct_fields__, *_Line.__struct_fields__))


def write(path: Path, canaries: Iterable[Canary], *, key: SiteKey, run: str) -> int:
    """Makes the file, mode 0600, whole or not at all, and returns how many there are in it. Never replaces one."""
    _refuse_what_is_there(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    header = Header(key=key.key_id, run=run, minted=clock.today())
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            count = _write_lines(handle, header, canaries)
            os.link(draft, path)  # unlike a renaming, it replaces nothing that came in the meantime
        finally:
            draft.unlink()
    except FileExistsError:
        raise UsageError(_taken(path)) from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}. Name a file in a folder of your own.") from error
    return count


def read(path: Path) -> list[Canary]:
    """Every canary of the file. Raises ConfigError for the first line that is not as we write it."""
    with _opened(path) as file, _no_garbage():
        _header(path, _first(path, file))
        return list(_canaries(path, file))


def read_header(path: Path) -> Header:
    """Its `key` may be another than yours: canaries of another key are read like any."""
    with _opened(path) as file:
        return _header(path, _first(path, file))


def _refuse_what_is_there(path: Path) -> None:
    if str(path) == "-" or (path.exists() and not path.is_file()):
        raise UsageError(f"{path} is no file: canaries go to a file of their own, never to a terminal. Use --out FILE.")
    if path.exists():
        raise UsageError(_taken(path))


def _taken(path: Path) -> str:
    return f"{path} exists already, and its canaries may be out there. Name another file, or move this one away."


def _write_lines(handle: int, header: Header, canaries: Iterable[Canary]) -> int:
    count = 0
    with os.fdopen(handle, "wb", buffering=1 << 20) as file:
        file.write(_ENCODER.encode(header) + b"\n")
        for canary in canaries:
            file.write(_ENCODER.encode(canary) + b"\n")
            count += 1
        file.flush()
        os.fsync(handle)
    return count


def _opened(path: Path) -> BinaryIO:
    """Asked of what was opened, not of its name. Opened without waiting, so that a pipe cannot hold us up."""
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=1 << 20)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}. Name a file of 'gameday mint'.") from error
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISREG(mode) and not mode & _OTHERS:
        return file
    file.close()
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path} is no regular file. Name a file of 'gameday mint'.")
    raise ConfigError(
        file=str(path),
        key="mode",
        value=None,
        problem=f"others may read it (mode {mode & 0o777:04o})",
        remedy=f"Run: chmod 600 {path}",
    )


def _first(path: Path, file: BinaryIO) -> bytes:
    line = file.readline(_LINE_BYTES_MAX)
    if not line:
        raise _wrong(path, line=1, key="header", problem="is missing, as the file is empty")
    return line


def _header(path: Path, line: bytes) -> Header:
    try:
        header = _HEADERS.decode(line)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, line=1, key=_key(error, whole="header"), problem=_problem(error)) from None
    if header.version != VERSION:
        problem = f"is {header.version}, and this gameday reads {VERSION}"
        raise _wrong(path, line=1, key="version", problem=problem, remedy="Use the version that wrote it.")
    if not header.run.isprintable():
        raise _wrong(path, line=1, key="run", problem="holds characters that cannot be printed")
    return header


def _canaries(path: Path, file: BinaryIO) -> Iterator[Canary]:
    seen = set[str]()
    for number, text in enumerate(iter(lambda: file.readline(_LINE_BYTES_MAX), b""), start=2):
        try:
            line = _LINES.decode(text)
        except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _wrong(path, line=number, key=_key(error, whole="line"), problem=_problem(error)) from None
        _refuse_odd_names(path, line, number=number)
        if line.id in seen:
            raise _wrong(path, line=number, key="id", problem="stands in an earlier line as well")
        seen.add(line.id)
        yield msgspec.convert(line, Canary, from_attributes=True)


def _refuse_odd_names(path: Path, line: _Line, *, number: int) -> None:
    """Names are shown on terminals, and must not steer them; tokens are searched for as they are."""
    names = (line.id, line.family, line.locale, line.tenant, line.slot, line.fingerprint)
    if not "".join(names).isprintable():
        odd = next(key for key in _NAMES if not getattr(line, key).isprintable())
        raise _wrong(path, line=number, key=odd, problem="holds characters that cannot be printed")
    if not (line.token.isascii() and line.token.isalnum()):
        raise _wrong(path, line=number, key="token", problem="has not the form of a token")


@contextmanager
def _no_garbage() -> Iterator[None]:
    """What is read is all kept: to look for garbage among it, again and again, takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _key(error: Exception, *, whole: str) -> str:
    """The field that msgspec means. A name that is none of ours is not told: a damaged line may hold canary text anywhere."""
    named = str(error).partition("missing required field `")[2].partition("`")[0]
    named = named or str(error).rpartition(" - at `$.")[2].rstrip("`").rpartition(".")[2].partition("[")[0]
    return named if named in _KEYS else whole


def _problem(error: Exception) -> str:
    """In words of ours alone, for the same reason."""
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return "is no whole JSON object"
    if "missing required field" in text:
        return "is missing"
    if "unknown field" in text:
        return "holds a field that is not known"
    return "has not the type or form that gameday writes"


def _wrong(path: Path, *, line: int, key: str, problem: str, remedy: str = _AGAIN) -> ConfigError:
    return ConfigError(file=str(path), line=line, key=key, value=None, problem=problem, remedy=remedy)
