"""What fsspec opens: object stores, web servers, archives and what else it has a library for. The only door to it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, Final

from gameday.errors import UsageError
from gameday.sweep.work import Item, Reach

_PACKAGES: Final = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "http": "aiohttp",
    "https": "aiohttp", "sftp": "paramiko", "ssh": "paramiko", "oci": "ocifs", "hf": "huggingface_hub",
}  # fmt: skip
_STAMPS: Final = ("ETag", "etag", "LastModified", "last_modified", "mtime", "md5Hash", "CRC", "date_time", "chksum")
_ONE_BODY: Final = ("http://", "https://")  # a page's links are not what is in it
_STORES: Final = frozenset({"s3", "gs", "abfs", "az", "oci", "oss"})
_ANY: Final = "*"


def is_remote(url: str) -> bool:
    return "://" in url or "::" in url


def listed(url: str) -> Iterator[Item]:
    """Every file below `url`. Raises UsageError where a library is missing, and what fsspec raises where it cannot look."""
    system, path = _located(url)
    _forget_listings(system)
    reach = Reach.HERE if "memory://" in url else Reach.ANYWHERE
    for found in _files(system, path, is_one=url.startswith(_ONE_BODY)):
        place = _url_of(found["name"], path=path, url=url)
        yield Item(path=place, reach=reach, size=found.get("size"), version=_version(found))


@contextmanager
def opened(url: str) -> Iterator[BinaryIO]:
    system, path = _located(url)  # an archive is closed with the last that holds it, which is this frame
    with system.open(path, "rb") as file:
        yield file


def _located(url: str) -> tuple[Any, str]:
    protocol = url.rpartition("::")[2].partition("://")[0]
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - only for what is no file

        system, path = url_to_fs(url)
    except ImportError as error:
        missing = "fsspec" if (error.name or "").startswith("fsspec") else _PACKAGES.get(protocol, protocol)
        raise UsageError(
            f"{url} cannot be opened: the library {missing} is not here. Run: pip install {missing}"
        ) from None
    except ValueError:
        raise UsageError(
            f"{url}: nothing here opens {protocol}://. Name a file, a folder or another kind of URL."
        ) from None
    return system, path


def _files(system: Any, path: str, *, is_one: bool) -> list[Mapping[str, Any]]:
    if is_one:
        return [system.info(path)]
    if _ANY in path:
        found = list(_chosen(system, path))
    elif path and (info := system.info(path))["type"] != "directory":
        found = [info, *_below_a_file(system, path)]
    else:
        found = list(system.find(path, detail=True).values())
    return [one for one in found if one["type"] != "directory"]


def _chosen(system: Any, pattern: str) -> Iterator[Mapping[str, Any]]:
    """What fits a pattern, and all below the folders that do."""
    fits = sorted(system.glob(pattern, detail=True).values(), key=lambda one: str(one["name"]))
    if not fits:
        raise FileNotFoundError(pattern)
    folder = None
    for one in fits:
        if one["type"] != "directory":
            yield one
        elif folder is None or not one["name"].startswith(folder):
            folder = f"{one['name'].rstrip('/')}/"
            yield from system.find(one["name"], detail=True).values()


def _below_a_file(system: Any, path: str) -> list[Mapping[str, Any]]:
    """An object store may have objects below an object."""
    *_, innermost = _layers(system)
    protocols = innermost.protocol
    if _STORES.isdisjoint((protocols,) if isinstance(protocols, str) else protocols):
        return []
    with suppress(PermissionError):  # who may not list names one object
        return list(system.find(path, detail=True).values())
    return []


def _forget_listings(system: Any) -> None:
    """What a library remembers of an earlier sweep by this process is not what is there now."""
    for layer in _layers(system):
        layer.invalidate_cache()


def _layers(system: Any) -> Iterator[Any]:
    """A cache holds the system that it caches, and so on."""
    while hasattr(system, "invalidate_cache"):
        yield system
        system = getattr(system, "fs", None)


def _url_of(name: str, *, path: str, url: str) -> str:
    """The URL by which one file below `url` is opened. In a chain its first part names it, and the others stay."""
    first, chained, others = url.partition("::")
    if "://" not in first:  # such as simplecache::s3://...
        return f"{first}::{_url_of(name, path=path, url=others)}"
    if name == path:
        return url
    base, below = first.partition(_ANY)[0], name.removeprefix(path.partition(_ANY)[0])
    if _ANY not in first:
        base, below = (base if base.endswith("/") else f"{base}/"), below.lstrip("/")
    return f"{base}{below}{chained}{others}"


def _version(info: Mapping[str, Any]) -> str:
    return " ".join(str(info[stamp]) for stamp in _STAMPS if info.get(stamp))
