"""What an OCI registry holds: the names of repositories and tags, manifests, and what these name: configurations and layers.

With `path`, its storage as this host sees it, also what the API shows to nobody: blobs that no manifest names any more,
manifests that lost their tag, and uploads that were broken off. Content is named by its digest, so that a later look reads what is new.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from attrs import define, field, frozen

from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable, SystemUnreachable
from gameday.servers.registry import DIGEST, MANIFESTS, Manifest, RegistryApi
from gameday.sighting import Record
from gameday.sinks.pieces import pieces
from gameday.sinks.remembered import Remembered, print_of

_V2: Final = "docker/registry/v2"
_OF_DIGESTS: Final = {"_layers", "revisions", "index"}  # folders below which all names are digests
_DEEPEST: Final = 16


@frozen
class RegistrySink:
    """`url` is the registry's, `path` the root of its storage, or empty."""

    config: SinkConfig

    @property
    def name(self) -> str:
        return "registry"

    def records(self, *, after: str | None = None) -> Iterator[Record]:
        remembered = Remembered.parse(after)
        look = _Look(self.name, RegistryApi(self.config.url), remembered)
        try:
            yield from remembered.with_cursors(self._all(look))
        except SystemUnreachable as error:
            raise SinkUnreadable(self.name, str(error)) from error
        except OSError as error:
            raise SinkUnreadable(self.name, error.strerror or type(error).__name__) from None  # it would tell the path

    def _all(self, look: "_Look") -> Iterator[Record]:
        yield from look.over_api()
        if self.config.path:
            yield from look.on_disk(Path(self.config.path).expanduser())


@define
class _Look:
    """One look. `reached` are the digests that were read, or known from an earlier look."""

    name: str
    api: RegistryApi
    remembered: Remembered
    reached: set[str] = field(factory=set)

    def over_api(self) -> Iterator[Record]:
        for repository in self.api.repositories():
            tags = self.api.tags(repository)
            yield from self._names("tags", [repository, *tags])
            for tag in tags:
                manifest = self.api.manifest(repository, tag)
                if manifest is not None:  # else the tag is gone since it was listed
                    yield from self._manifest(repository, manifest, depth=0)

    def on_disk(self, root: Path) -> Iterator[Record]:
        if not root.is_dir():
            raise SinkUnreadable(
                self.name, "there is no such folder as `path` names, the root of the registry's storage"
            )
        stored = {f"sha256:{path.parent.name}": path for path in _files(root / _V2 / "blobs") if path.name == "data"}
        if self.reached and not self.reached & stored.keys():
            raise SinkUnreadable(
                self.name, "`path` is not the storage of this registry: nothing that the API shows lies there"
            )
        folders, uploads = _kept(root / _V2 / "repositories")
        yield from self._names("disk", folders)
        for digest in sorted(stored.keys() - self.reached):
            yield from self._file(stored[digest], digest, is_settled=True)
        for upload in uploads:  # it may grow, so that each look reads it
            yield from self._file(upload, print_of(upload.relative_to(root)), is_settled=False)

    def _names(self, what: str, names: list[str]) -> Iterator[Record]:
        body = "\n".join(names).encode("utf-8", "surrogateescape")
        if names and self.remembered.is_new(print_of(what, *names), is_settled=True):
            yield _record(body, f"{what}:{hashlib.sha256(names[0].encode('utf-8', 'replace')).hexdigest()[:16]}")

    def _manifest(self, repository: str, manifest: Manifest, *, depth: int) -> Iterator[Record]:
        if depth > _DEEPEST:
            raise SinkUnreadable(self.name, f"manifests name each other more than {_DEEPEST} deep")
        if manifest.digest not in self.reached:
            self.reached.add(manifest.digest)
            if self.remembered.is_new(print_of(manifest.digest), is_settled=True):
                yield _record(manifest.body, f"manifest:{manifest.digest[7:23]}")
        for digest, media_type, is_elsewhere in self._named_by(manifest):
            if digest in self.reached or is_elsewhere:
                continue
            if media_type in MANIFESTS:
                inner = self.api.manifest(repository, digest)
                if inner is not None:  # an index may name more platforms than were pushed
                    yield from self._manifest(repository, inner, depth=depth + 1)
            else:
                yield from self._blob(repository, digest, manifest)

    def _blob(self, repository: str, digest: str, manifest: Manifest) -> Iterator[Record]:
        if not self.remembered.is_new(print_of(digest), is_settled=True):
            self.reached.add(digest)
            return
        if not self.api.has_blob(repository, digest):
            if self.api.manifest(repository, manifest.digest) is None:
                return  # both were deleted since the manifest was read
            raise SinkUnreadable(
                self.name, f"manifest {manifest.digest[7:23]} names a blob that the registry does not give"
            )
        self.reached.add(digest)
        with self.api.blob(repository, digest) as parts:
            yield from _pieces(_reader(parts), f"blob:{digest[7:23]}")

    def _file(self, path: Path, identity: str, *, is_settled: bool) -> Iterator[Record]:
        if not self.remembered.is_new(print_of(identity), is_settled=is_settled):
            return
        try:
            with path.open("rb") as file:
                yield from _pieces(file.read, f"disk:{identity.removeprefix('sha256:')[:16]}")
        except FileNotFoundError:  # it was removed since it was listed
            return

    def _named_by(self, manifest: Manifest) -> Iterator[tuple[str, str, bool]]:
        """Digest and media type of all that it names, and whether the registry itself does not keep it."""
        try:
            parts = list(_objects(msgspec.json.decode(manifest.body)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SinkUnreadable(self.name, f"manifest {manifest.digest[7:23]} is not JSON") from error
        for part in parts:
            digest = part.get("digest") if "size" in part else part.get("blobSum")
            if isinstance(digest, str) and DIGEST.fullmatch(digest):
                yield digest, str(part.get("mediaType", "")), bool(part.get("urls"))


def _objects(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


def _kept(repositories: Path) -> tuple[list[str], list[Path]]:
    """The names of all folders but those that are digests, and every file of an upload."""
    folders, uploads = [], []
    for here, inner, files in _walk(repositories):
        inner[:] = sorted(name for name in inner if name not in _OF_DIGESTS)
        folders += [str((here / name).relative_to(repositories)) for name in inner]
        if "_uploads" in here.relative_to(repositories).parts:
            uploads += [here / name for name in sorted(files)]
    return folders, uploads


def _files(folder: Path) -> Iterator[Path]:
    for here, _, files in _walk(folder):
        yield from (here / name for name in files)


def _walk(folder: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Raises OSError where a folder cannot be read. One that is not there is empty, or was removed meanwhile."""

    def fail(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for at, inner, files in os.walk(folder, onerror=fail):
        yield Path(at), inner, files


def _reader(parts: Iterable[bytes]) -> Callable[[int], bytes]:
    """Reads a stream of parts like a file."""
    rest, following = b"", iter(parts)

    def read(size: int) -> bytes:
        nonlocal rest
        while not rest:
            part = next(following, None)
            if part is None:
                return b""
            rest = part
        taken, rest = rest[:size], rest[size:]
        return taken

    return read


def _pieces(read: Callable[[int], bytes], what: str) -> Iterator[Record]:
    for offset, piece in pieces(read):
        yield _record(piece, f"{what}:{offset}")


def _record(body: bytes, locator: str) -> Record:
    return Record(body=body, locator=locator, cursor="")
