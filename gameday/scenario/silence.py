"""When the silence of detectors is an answer: each has passed what was written until now, and what it noticed was told."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from gameday import clock
from gameday.config import DetectorConfig, seconds
from gameday.detect.positions import Positions
from gameday.errors import HarnessError
from gameday.scenario.inbox import Inbox
from gameday.servers.alertmanager_api import AlertmanagerAPI
from gameday.wait import poll_until

EVERY_S = 0.005


def wait_for(detectors: Iterable[DetectorConfig], *, inbox: Inbox, within_s: float) -> None:
    """Raises HarnessError where nobody can tell, NotInTime where a detector or its Alertmanager is not done `within_s`."""
    listening = tuple(detectors)
    if not listening:
        raise HarnessError("nobody listens for alerts, so silence says nothing. Add a [[detector]] to gameday.toml.")
    for detector in listening:
        if detector.positions is not None:
            _wait_for_positions(Positions(Path(detector.positions)), within_s=within_s)
        elif detector.settle is not None:
            clock.sleep(seconds(detector.settle))
        else:
            raise HarnessError(
                f"the silence of the detector at {detector.listen} cannot be judged. "
                "Give it `positions` (a file with its read offsets) or `settle` (how long it may take) in gameday.toml."
            )
        if detector.alertmanager is not None:
            _wait_for_routing(AlertmanagerAPI(detector.alertmanager), inbox=inbox, within_s=within_s)


def _wait_for_positions(positions: Positions, *, within_s: float) -> None:
    sizes = dict(_ends(positions.read()))
    poll_until(
        lambda: True if positions.has_passed(sizes) else None,
        what="the detector has read the logs up to here",
        every_s=EVERY_S,
        within_s=within_s,
        seen=lambda: f"offsets {sorted(positions.read().values())} of sizes {sorted(sizes.values())}",
    )


def _ends(followed: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Up to where each has to be read: a file's size now; of a store, that it was asked after now (microseconds since the epoch)."""
    for path in followed:
        if "://" in path:
            yield path, int(clock.now().wall_s * 1e6)
        elif Path(path).exists():
            yield path, Path(path).stat().st_size


def _wait_for_routing(alertmanager: AlertmanagerAPI, *, inbox: Inbox, within_s: float) -> None:
    """A detector moves on once its alert was taken; one that waits for its group is still on its way to us."""
    poll_until(
        lambda: True if inbox.has_been_told(alertmanager.owed()) else None,
        what="Alertmanager has told what it was given",
        every_s=EVERY_S,
        within_s=within_s,
        seen=lambda: (
            f"{len(alertmanager.owed())} alerts that it owes, not all of them told: their group_wait or group_interval is longer"
        ),
    )
