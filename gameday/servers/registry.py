"""An OCI registry: where a build leaves its images and artifacts, and what stays on its disk when they are deleted."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import msgspec
from attrs import field, frozen

from gameday.errors import HarnessError, SystemUnreachable
from gameday.runtime.base import Layout, OnPath, Running
from gameday.servers.http_api import ANSWER_WITHIN_S, Answer, HttpApi

STORAGE: Final = "data"
MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFESTS: Final = (MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_LIST)
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_BYTES: Final = "application/octet-stream"
_LOOK_WITHIN_S: Final = 0.3  # connecting, sending, reading
_PAGE: Final = 100
_PAGES: Final = 10_000
_NOT_FOUND: Final = 404
_LINK: Final = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?')
# The official image calls the program `registry`, Debian's package `docker-registry`.
_EITHER: Final = 'exec "$(command -v registry || command -v docker-registry)" "$@"'


@frozen(kw_only=True)
class Registry:
    """Takes pushes and deletes from anybody, at its one port "http"; keeps everything in its folder."""

    name: str = "registry"
    image: str = "registry:2.8.2"
    program: OnPath = field(default=OnPath(("docker-registry", "registry"), in_image="/bin/sh"))
    ports: tuple[str, ...] = ("http",)

    def files(self, layout: Layout) -> Mapping[str, bytes]:
        # JSON is YAML. The folder has to be there before the first push, so that a look at its disk can succeed.
        return {"config.yml": msgspec.json.format(msgspec.json.encode(config(layout))), f"{STORAGE}/.keep": b""}

    def command(self, layout: Layout) -> tuple[str, ...]:
        serve = ("serve", f"{layout.folder}/config.yml")
        is_container = layout.bind != "127.0.0.1"
        return ("-c", _EITHER, "registry", *serve) if is_container else serve

    def is_ready(self, running: Running) -> bool:
        try:
            return api(running, within_s=_LOOK_WITHIN_S).is_there()
        except SystemUnreachable:
            return False


def config(layout: Layout) -> dict[str, object]:
    return {
        "version": "0.1",
        "log": {
            "level": "warn",
            "accesslog": {"disabled": True},
        },  # names of repositories and tags stay out of its output
        "storage": {
            "filesystem": {"rootdirectory": f"{layout.folder}/{STORAGE}"},
            "delete": {"enabled": True},
            "maintenance": {"uploadpurging": {"enabled": False}},  # what rests must not vanish while it is looked for
        },
        "http": {"addr": f"{layout.bind}:{layout.ports['http']}"},
    }


def storage(running: Running) -> Path:
    """The folder of its storage, as this host sees it."""
    return running.folder / STORAGE


def api(running: Running, *, within_s: float = ANSWER_WITHIN_S) -> "RegistryApi":
    return RegistryApi(f"http://{running.addresses['http']}", within_s=within_s)


@frozen(kw_only=True)
class Manifest:
    digest: str
    media_type: str
    body: bytes = field(repr=False)


class _Catalog(msgspec.Struct):
    repositories: list[str] | None = None


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


@frozen
class RegistryApi:
    """The part of the distribution API that gameday needs. Raises SystemUnreachable; no message quotes what is stored."""

    url: str
    within_s: float = field(default=ANSWER_WITHIN_S, kw_only=True)

    def is_there(self) -> bool:
        answer = self._api.call("GET", "/v2/")
        return answer.is_ok and "docker-distribution-api-version" in answer.headers

    def repositories(self) -> Iterator[str]:
        for answer in self._pages(f"/v2/_catalog?n={_PAGE}"):
            yield from self._api.parsed(answer, type=_Catalog).repositories or ()

    def tags(self, repository: str) -> list[str]:
        """Empty where the last one is gone, or the repository is."""
        path, found = f"/v2/{repository}/tags/list?n={_PAGE}", list[str]()
        for answer in self._pages(path, may_be_missing=True):
            found += self._api.parsed(answer, type=_Tags).tags or ()
        return found

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """By tag or digest; None where there is none."""
        path = f"/v2/{repository}/manifests/{reference}"
        answer = self._api.call("GET", path, headers={"Accept": ", ".join(MANIFESTS)})
        if answer.status == _NOT_FOUND:
            return None
        if not answer.is_ok:
            raise self._api.refused("GET", "", answer)
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        return Manifest(digest=_digest(answer.body), media_type=media_type, body=answer.body)

    def has_blob(self, repository: str, digest: str) -> bool:
        answer = self._api.call("HEAD", f"/v2/{repository}/blobs/{digest}")
        if not answer.is_ok and answer.status != _NOT_FOUND:
            raise self._api.refused("HEAD", "", answer)
        return answer.is_ok

    def blob(self, repository: str, digest: str) -> AbstractContextManager[Iterator[bytes]]:
        """The blob as it is stored, in pieces."""
        return self._api.stream(f"/v2/{repository}/blobs/{digest}")

    def pull(self, repository: str, reference: str) -> dict[str, bytes]:
        """The files of an artifact that `push` made, by name."""
        manifest = self.manifest(repository, reference)
        if manifest is None:
            raise SystemUnreachable(f"the registry at {self.url} has no such artifact")
        layers = self._api.parsed(Answer(status=200, headers={}, body=manifest.body), type=_Artifact).layers
        files = {}
        for layer in layers:
            with self.blob(repository, layer.digest) as parts:
                files[layer.annotations.get(_TITLE, layer.digest)] = b"".join(parts)
        return files

    def push(self, repository: str, tag: str, files: Mapping[str, bytes]) -> str:
        """Each file becomes a layer with its name as title. Returns the manifest's digest."""
        layers = [self._push_blob(repository, content, title=title) for title, content in files.items()]
        empty = msgspec.structs.replace(
            self._push_blob(repository, b"{}"), mediaType="application/vnd.oci.empty.v1+json"
        )
        body = msgspec.json.encode(_Artifact(config=empty, layers=layers))
        answer = self._api.call(
            "PUT", f"/v2/{repository}/manifests/{tag}", body=body, headers={"Content-Type": MANIFEST}
        )
        if not answer.is_ok:
            raise self._api.refused("PUT", "", answer)
        return _digest(body)

    def delete(self, repository: str, digest: str) -> bool:
        """Deletes a manifest, and its tags with it; whether it was there. What it named stays on the disk."""
        if not DIGEST.fullmatch(digest):
            raise HarnessError("a manifest is deleted by its digest, sha256: and 64 hexadecimal digits")
        answer = self._api.call("DELETE", f"/v2/{repository}/manifests/{digest}")
        if not answer.is_ok and answer.status != _NOT_FOUND:
            raise self._api.refused("DELETE", "", answer)
        return answer.is_ok

    def begin_upload(self, repository: str, content: bytes) -> None:
        """Sends a part of a blob and goes away, as a build that was cancelled does."""
        answer = self._api.call("PATCH", self._upload(repository), body=content, headers={"Content-Type": _BYTES})
        if not answer.is_ok:
            raise self._api.refused("PATCH", "", answer)

    def _push_blob(self, repository: str, content: bytes, *, title: str = "") -> "_Descriptor":
        digest, upload = _digest(content), self._upload(repository)
        path = f"{upload}{'&' if '?' in upload else '?'}digest={digest}"
        answer = self._api.call("PUT", path, body=content, headers={"Content-Type": _BYTES})
        if not answer.is_ok:
            raise self._api.refused("PUT", "", answer)
        named = {_TITLE: title} if title else {}
        return _Descriptor(mediaType=_BYTES, digest=digest, size=len(content), annotations=named)

    def _upload(self, repository: str) -> str:
        answer = self._api.call("POST", f"/v2/{repository}/blobs/uploads/", body=b"")
        if not answer.is_ok:
            raise self._api.refused("POST", "", answer)
        return self._here(answer.headers.get("location", ""))

    def _pages(self, path: str, *, may_be_missing: bool = False) -> Iterator[Answer]:
        for _ in range(_PAGES):
            answer = self._api.call("GET", path)
            if may_be_missing and answer.status == _NOT_FOUND:
                return
            if not answer.is_ok:
                raise self._api.refused("GET", "", answer)
            yield answer
            following = _LINK.search(answer.headers.get("link", ""))
            if following is None:
                return
            path = self._here(following[1])
        raise SystemUnreachable(f"the registry at {self.url} lists more than {_PAGES} pages")

    def _here(self, location: str) -> str:
        """A location as a path: whatever host a server names, gameday talks to the one that it was pointed at."""
        joined = urljoin(f"{self.url}/", location)
        return "/" + joined.partition("://")[2].partition("/")[2]

    @property
    def _api(self) -> HttpApi:
        return HttpApi(self.url, what="a registry's API", within_s=self.within_s)


_TITLE: Final = "org.opencontainers.image.title"


class _Descriptor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    mediaType: str  # noqa: N815 - a name of the format
    digest: str
    size: int
    annotations: dict[str, str] = {}


class _Artifact(msgspec.Struct, frozen=True, kw_only=True):
    config: _Descriptor
    layers: list[_Descriptor]
    schemaVersion: int = 2  # noqa: N815 - a name of the format
    mediaType: str = MANIFEST  # noqa: N815 - a name of the format


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
