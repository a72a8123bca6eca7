"""What is in force in a running gateway: its settings, its tenants' keys, its log and its traces, each following its file."""

import sys
from pathlib import Path

from gameday.errors import ConfigError
from gameday.systems.reference.log import Log
from gameday.systems.reference.settings import Settings, Tenants, parse_keys, parse_settings
from gameday.systems.reference.telemetry import Telemetry
from gameday.systems.reference.watched import WatchedFile


class Live:
    """Raises ConfigError where a file is bad at the start; later a bad one is told to the log and changes nothing."""

    def __init__(self, config: Path) -> None:
        self._settings = WatchedFile(config, parse=parse_settings, on_bad=self._reject)
        self.log = _open_log(config, self.settings)
        self.telemetry = Telemetry(self.settings.telemetry)
        self._keys_path = Path(self.settings.keys_file)
        self._keys = self._watch_keys()

    @property
    def settings(self) -> Settings:
        return self._settings.value

    @property
    def tenants(self) -> Tenants:
        return self._keys.value

    @property
    def config_sha256(self) -> str:
        return self._settings.sha256

    def refresh(self) -> None:
        """A file changed before this call is in force after it."""
        if self._settings.refresh():
            self._follow_log()
            self.telemetry.configure(self.settings.telemetry)
            self._follow_keys()
        self._keys.refresh()

    def _watch_keys(self) -> WatchedFile[Tenants]:
        return WatchedFile(Path(self.settings.keys_file), parse=parse_keys, on_bad=self._reject)

    def _follow_log(self) -> None:
        try:
            self.log.configure(self.settings.log)
        except OSError as error:
            problem = f"log.file cannot be opened: {error.strerror}; the old log stays in use"
            self.log.report("settings.rejected", problem=problem)

    def _follow_keys(self) -> None:
        if Path(self.settings.keys_file) == self._keys_path:
            return
        try:
            self._keys = self._watch_keys()
            self._keys_path = Path(self.settings.keys_file)
        except ConfigError as error:
            self._reject(error)

    def _reject(self, error: ConfigError) -> None:
        self.log.report("settings.rejected", problem=str(error))


def _open_log(config: Path, settings: Settings) -> Log:
    try:
        return Log(settings.log)
    except OSError as error:
        problem, remedy = f"cannot be opened: {error.strerror}", "Name a file in a directory that can be written."
        raise ConfigError(
            file=str(config), key="log.file", value=settings.log.file, problem=problem, remedy=remedy
        ) from error


def complain(error: ConfigError) -> None:
    """For programs without a log of their own."""
    sys.stderr.write(f"{error}\n")
