"""The Docker daemon: whether it answers, which images it has, what dead sessions left. Docker's errors end here."""

import contextlib
import functools
import logging
import os
import socket
import stat
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from attrs import frozen

from gameday.errors import GamedayError, RuntimeMissing
from gameday.runtime import reaper

OWNER_LABEL: Final = "gameday.owner"
SESSION_LABEL: Final = "gameday.session"
STAND_IN_LABEL: Final = "gameday.stand-in"
ANSWER_WITHIN_S: Final = 2.5
WORK_WITHIN_S: Final = 30
_DEFAULT_URL: Final = "unix:///var/run/docker.sock"
_SETTINGS: Final = {
    "TESTCONTAINERS_RYUK_DISABLED": "true",  # our watchdog does its work, and does it after kill -9 too
    "TESTCONTAINERS_CONNECTION_MODE": "docker_host",
    "TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
}


@frozen
class Image:
    """An image that the daemon has; `digest` is its id."""

    name: str
    digest: str
    is_stand_in: bool


@functools.cache
def prepare_testcontainers() -> None:
    """Has to come before every import of testcontainers, which reads its settings while it is imported."""
    os.environ.update(_SETTINGS)
    logging.getLogger("testcontainers").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import testcontainers.core.container  # noqa: F401, PLC0415 - a quarter of a second that only Docker has to pay


def daemon_url() -> str:
    """Where testcontainers would look too: DOCKER_HOST, the current Docker context, its own settings file."""
    prepare_testcontainers()
    from testcontainers.core.docker_client import get_docker_host  # noqa: PLC0415 - see above

    return get_docker_host() or _DEFAULT_URL


def owner() -> str:
    """This process, by a name that no other process on any machine has."""
    return f"{_machine()}/{os.getpid()}:{reaper.start_time(os.getpid())}"


def is_orphan(owned_by: str) -> bool:
    """Whether the owner is known to be dead; of an owner on another machine or in another container nothing is known."""
    machine, _, process = owned_by.rpartition("/")
    pid, _, started = process.partition(":")
    return machine == _machine() and pid.isdigit() and reaper.start_time(int(pid)) != started


def _machine() -> str:
    return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').stat().st_ino}"


class Daemon:
    """A daemon that has answered. Every method raises RuntimeMissing where it does not any more."""

    def __init__(self, url: str, *, client: Any, version: str) -> None:
        self.url, self.version, self._client = url, version, client

    @classmethod
    def reach(cls, *, within_s: float = ANSWER_WITHIN_S, work_within_s: float = WORK_WITHIN_S) -> Self:
        """Raises RuntimeMissing where no daemon answers within the time; later calls may take `work_within_s` each."""
        url = daemon_url()
        check_url(url)
        import docker  # noqa: PLC0415 - heavy

        with docker_errors(lambda why: RuntimeMissing(f"no Docker daemon answers at {url}: {why}")):
            client = docker.from_env(timeout=within_s, environment={**os.environ, "DOCKER_HOST": url})
            try:
                version = str(client.version().get("Version", "unknown"))
            except BaseException:
                client.close()
                raise
            client.api.timeout = work_within_s
        return cls(url, client=client, version=version)

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def image(self, name: str) -> Image | None:
        import docker.errors  # noqa: PLC0415 - heavy

        with docker_errors(lambda why: RuntimeMissing(f"the Docker daemon could not say whether it has {name}: {why}")):
            try:
                found = self._client.images.get(name)
            except docker.errors.ImageNotFound:
                return None
            return Image(name, str(found.id), STAND_IN_LABEL in (found.labels or {}))

    def missing(self, images: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in dict.fromkeys(images) if self.image(name) is None)

    def pull(self, name: str, *, on_progress: Callable[[str], None]) -> None:
        with docker_errors(lambda why: _not_pulled(name, why)):
            for line in self._client.api.pull(name, stream=True, decode=True):
                if "error" in line:
                    raise _not_pulled(name, str(line["error"]))
                on_progress(" ".join(str(line[key]) for key in ("id", "status", "progress") if line.get(key)))

    def is_rootless(self) -> bool:
        with docker_errors(lambda why: RuntimeMissing(f"the Docker daemon did not describe itself: {why}")):
            return any("rootless" in option for option in self._client.info().get("SecurityOptions") or ())

    def make_network(self, name: str, *, labels: dict[str, str]) -> str:
        """Publishes on loopback only and lets nothing out; the address at which this host answers on it."""
        options = {
            "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
            "com.docker.network.bridge.enable_ip_masquerade": "false",
        }
        with docker_errors(lambda why: RuntimeMissing(f"Docker made no network: {why}. Try 'gameday clean'")):
            network = self._client.networks.create(name, driver="bridge", options=options, labels=labels)
            for config in network.attrs["IPAM"]["Config"]:
                if "." in config.get("Gateway", ""):
                    return str(config["Gateway"])
        raise RuntimeMissing(f"Docker's network {name} has no IPv4 gateway, so servers could not call this host")

    def sweep(self, label: str) -> tuple[str, ...]:
        """Removes the containers and networks with the label, KEY=VALUE; the names of those removed."""
        with docker_errors(lambda why: RuntimeMissing(f"the Docker daemon did not list what has {label}: {why}")):
            return tuple(reaper.sweep(self._client, label=label))

    def has_any(self, label: str) -> bool:
        with docker_errors(lambda why: RuntimeMissing(f"the Docker daemon did not list what has {label}: {why}")):
            found = self._client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
            return bool(found or self._client.networks.list(filters={"label": label}))

    def signal(self, container: str, number: int) -> None:
        """Delivers one signal to the container's first process."""
        with docker_errors(lambda why: RuntimeMissing(f"the Docker daemon did not signal {container[:12]}: {why}")):
            self._client.containers.get(container).kill(signal=int(number))

    def run_again(self, container: str, arguments: Sequence[str]) -> tuple[int, str]:
        """Runs the container's program within it, with other arguments: its exit code, and what it wrote."""
        with docker_errors(lambda why: RuntimeMissing(f"the Docker daemon ran nothing in {container[:12]}: {why}")):
            found = self._client.containers.get(container)
            code, output = found.exec_run([found.attrs["Path"], *arguments])
        return int(code), output.decode("utf-8", "replace")

    def orphan_labels(self) -> dict[str, int]:
        """The labels of dead sessions of this machine, and how many containers and networks each has left."""
        filters = {"label": OWNER_LABEL}
        with docker_errors(lambda why: RuntimeMissing(f"the Docker daemon did not list what sessions left: {why}")):
            labelled = [
                container.labels
                for container in self._client.containers.list(all=True, filters=filters, ignore_removed=True)
            ] + [network.attrs.get("Labels") or {} for network in self._client.networks.list(filters=filters)]
        owners = [labels.get(OWNER_LABEL, "") for labels in labelled]
        return {f"{OWNER_LABEL}={name}": owners.count(name) for name in owners if is_orphan(name)}


@contextlib.contextmanager
def docker_errors(make: Callable[[str], GamedayError]) -> Iterator[None]:
    """Docker's errors, and those of what it is built on, become the error that `make` makes of their text."""
    import docker.errors  # noqa: PLC0415 - heavy
    import urllib3.exceptions  # noqa: PLC0415 - heavy

    try:
        yield
    except (docker.errors.DockerException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise make(one_line(error)) from error


def one_line(error: Exception) -> str:
    """The daemon's own explanation where it gave one; never more than a line."""
    text = str(getattr(error, "explanation", None) or error) or type(error).__name__
    return " ".join(text.split())[:300]


def check_url(url: str) -> None:
    """Raises RuntimeMissing for what can be seen without asking: no socket, no permission, another machine."""
    parts = urlsplit(url)
    if parts.scheme in {"unix", "http+unix"}:
        _check_socket(Path(parts.path), url=url)
    elif parts.scheme not in {"tcp", "http", "https"}:
        raise RuntimeMissing(
            f"no Docker daemon at {url}: gameday reaches daemons by unix:// or tcp:// on this host only"
        )
    elif parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise RuntimeMissing(
            f"the Docker daemon at {url} is on another machine, and servers share folders with this one"
        )


def _check_socket(path: Path, *, url: str) -> None:
    try:
        mode = path.stat().st_mode
    except PermissionError as error:
        raise RuntimeMissing(f"no permission for the Docker daemon at {url}") from error
    except OSError as error:
        raise RuntimeMissing(f"no Docker daemon at {url}") from error
    if not stat.S_ISSOCK(mode):
        raise RuntimeMissing(f"no Docker daemon at {url}: that is not a socket")
    if not os.access(path, os.W_OK):
        raise RuntimeMissing(f"no permission for the Docker daemon at {url}: add your user to the group 'docker'")


def _not_pulled(image: str, why: str) -> RuntimeMissing:
    return RuntimeMissing(
        f"image {image} could not be pulled: {why}. "
        "Without a registry, bring it by 'docker load', or run without Docker: --on embedded"
    )
