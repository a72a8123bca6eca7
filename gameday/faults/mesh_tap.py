"""Payload capture in the mesh (F3, L2): somebody switched a tap on to see what goes by, and it keeps whole requests."""

from typing import Final

from attrs import frozen

from gameday.clock import Interval
from gameday.faults.base import Undo
from gameday.faults.one_key import OneKey
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import Mesh

EVERY_REQUEST: Final = 100  # per cent


@frozen
class MeshTap:
    """Lets the mesh's tap capture every request and answer, by Envoy's admin API."""

    mesh: Mesh
    name = "MeshTap"

    @property
    def settings(self) -> Settings:
        return self.mesh.settings

    @property
    def origin(self) -> Place:
        return self.mesh.tap

    @property
    def leaks_to(self) -> tuple[str, ...]:
        return (self.origin.name,)

    def plan(self) -> Undo:
        return self._key.plan()

    def inject(self) -> Interval:
        return self._key.inject()

    def is_active(self) -> bool:
        return self._key.is_active()

    @property
    def _key(self) -> OneKey:
        return OneKey(settings=self.settings, key=self.mesh.key, ours=EVERY_REQUEST)
