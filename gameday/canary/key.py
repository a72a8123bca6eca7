"""The site key: what makes tokens ours. It lives apart from the data, readable by its owner only."""

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import field, frozen

from gameday.errors import ConfigError

_SIZE_BYTES: Final = 32
_OTHERS: Final = 0o077


@frozen
class SiteKey:
    secret: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        """Names the key without giving it away: safe to publish."""
        return self.digest(b"", purpose=b"key id", size=4).hex()

    def digest(self, data: bytes, *, purpose: bytes, size: int) -> bytes:
        """A keyed hash; each purpose (at most 16 bytes) has its own."""
        return hashlib.blake2b(data, key=self.secret, person=purpose, digest_size=size).digest()


def load_or_make(path: Path | None = None) -> SiteKey:
    """The key at `path`, else in GAMEDAY_KEY_FILE, else in ~/.config/gameday/site.key; made there on first use."""
    where = path or _usual()
    try:
        if not where.exists():
            _make(where)
        mode, text = where.stat().st_mode, where.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        why = "it is no text" if isinstance(error, UnicodeDecodeError) else (error.strerror or "it failed")
        remedy = "Make it readable by you, or name another file in GAMEDAY_KEY_FILE."
        raise _wrong(where, problem=f"cannot be read or made: {why}", remedy=remedy) from None
    if mode & _OTHERS:
        raise _wrong(where, problem=f"others may read it (mode {mode & 0o777:04o})", remedy=f"Run: chmod 600 {where}")
    return _parse(where, text=text)


def existing(path: Path | None = None) -> SiteKey:
    """The same, but never made: a new key would know no canary, and find everything clean."""
    where = path or _usual()
    if not where.exists():
        remedy = "Without the key that the canaries were minted with none can be found: name it with --key-file."
        raise _wrong(where, problem="there is no such key", remedy=remedy)
    return load_or_make(where)


def _usual() -> Path:
    return Path(os.environ.get("GAMEDAY_KEY_FILE") or Path.home() / ".config/gameday/site.key")


def _make(where: Path) -> None:
    """Two processes at once end with the same key: a hard link never replaces a file, and shows only a whole one."""
    where.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = where.with_name(f".{where.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_SIZE_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, where)
    finally:
        draft.unlink()


def _parse(where: Path, *, text: str) -> SiteKey:
    remedy = "Restore it from where you keep it, or delete it: the next run makes a new one, and knows no older canary."
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        raise _wrong(where, problem="is not hexadecimal", remedy=remedy) from None
    if len(secret) != _SIZE_BYTES:
        raise _wrong(where, problem=f"holds {len(secret)} bytes, not {_SIZE_BYTES}", remedy=remedy)
    return SiteKey(secret)


def _wrong(where: Path, *, problem: str, remedy: str) -> ConfigError:
    return ConfigError(file=str(where), key="site key", value=None, problem=problem, remedy=remedy)
