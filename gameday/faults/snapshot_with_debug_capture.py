"""Snapshots that hold the debug capture (F7, L7): what was to be temporary outlives its folder."""

from typing import Final

from attrs import frozen

from gameday.clock import Interval
from gameday.faults.base import Undo
from gameday.faults.one_key import OneKey
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import Backups

KEY: Final = "snapshot_includes_debug"


@frozen
class SnapshotWithDebugCapture:
    """Takes the debug folders off the list of what a snapshot leaves out."""

    backups: Backups
    name = "SnapshotWithDebugCapture"

    @property
    def settings(self) -> Settings:
        return self.backups.settings

    @property
    def origin(self) -> Place:
        return self.backups.snapshots

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
        return OneKey(settings=self.settings, key=KEY, ours=True)
