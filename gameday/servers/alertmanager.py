"""Alertmanager: groups and routes what detectors notice, by the operator's own alertmanager.yml, and tells a webhook."""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from gameday.errors import SystemUnreachable
from gameday.runtime.base import Layout, OnPath, Running
from gameday.servers.alertmanager_api import AlertmanagerAPI
from gameday.servers.redirect import redirect

MEMORY: Final = "data"  # in its folder: the dedupe log and the silences
_LOOK_WITHIN_S: Final = 0.5


@frozen(kw_only=True)
class Alertmanager:
    """Routes by `config`, the text of an alertmanager.yml; whatever receiver a route names, `webhook` is told.

    `webhook` is a URL as the server reaches it. The one port is named "http". Raises ConfigError where `config` is unfit.
    """

    config: str
    webhook: str
    config_name: str = "alertmanager.yml"
    name: str = "alertmanager"
    image: str = "prom/alertmanager:v0.34.2"
    program: OnPath = field(default=OnPath(("alertmanager", "prometheus-alertmanager"), in_image="/bin/alertmanager"))
    ports: tuple[str, ...] = ("http",)

    def files(self, layout: Layout) -> Mapping[str, bytes]:  # noqa: ARG002 - the webhook is told as it is reached
        text = redirect(self.config, url=self.webhook, file=self.config_name).text
        return {"alertmanager.yml": text.encode()}

    def command(self, layout: Layout) -> tuple[str, ...]:
        return (
            f"--config.file={layout.folder}/alertmanager.yml",
            f"--storage.path={layout.folder}/{MEMORY}",
            f"--web.listen-address={layout.bind}:{layout.ports['http']}",
            f"--web.external-url=http://127.0.0.1:{layout.ports['http']}",  # else each webhook tells this host's name
            "--cluster.listen-address=",  # else the first notification of all waits 10 s for peers that there are none of
            "--log.level=error",  # at warn it writes the labels of groups that it could not tell
        )

    def is_ready(self, running: Running) -> bool:
        try:
            return AlertmanagerAPI.of(running, within_s=_LOOK_WITHIN_S).is_ready()
        except SystemUnreachable:
            return False
