"""The raw report of tests that failed among the CI artifacts (F5, L6; incident 31): somebody wanted to see why."""

from typing import Final

from attrs import frozen

from gameday.clock import Interval
from gameday.faults.base import Undo
from gameday.faults.one_key import OneKey
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import Ci

KEY: Final = "upload_on_failure_raw"


@frozen
class ArtifactsUploadedOnFailure:
    """Lets the CI job upload the report and the output of tests that failed as they are."""

    ci: Ci
    name = "ArtifactsUploadedOnFailure"

    @property
    def settings(self) -> Settings:
        return self.ci.settings

    @property
    def origin(self) -> Place:
        return self.ci.artifacts

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
