"""Every error that gameday raises on purpose.

GamedayError
├── UsageError            the user's words or files are wrong: exit 4
│   └── ConfigError       one key of one file is wrong
├── HarnessError          gameday could not do its work: exit 3
│   ├── ServerFailed      a server did not come up, or died
│   ├── RuntimeMissing    no back end can start the servers here
│   ├── SinkUnreadable    a place could not be looked at: unknown, never clean
│   ├── SystemUnreachable the system under test did not answer
│   ├── UndoFailed        a fault is still active after it was undone
│   ├── ClockStopped      monotonic time did not advance
│   ├── JournalBroken     a journal cannot be read
│   └── JournalInUse      another process is writing a journal
├── ExpectationFailed     a scenario saw something else than it expects
└── DirtyOutput           canary text was found in gameday's own output
"""


class GamedayError(Exception):
    """Base of all; its text is fit to be shown to a user as it is."""


class UsageError(GamedayError):
    pass


class ConfigError(UsageError):
    """One value in one file is wrong. `line` is 1-based, None where it is not known."""

    def __init__(
        self, *, file: str, key: str, value: object, problem: str, remedy: str, line: int | None = None
    ) -> None:
        self.file, self.key, self.value, self.problem, self.remedy, self.line = file, key, value, problem, remedy, line
        where = file if line is None else f"{file}:{line}"
        shown = "" if value is None else f" = {value!r}"
        super().__init__(f"{where}: {key}{shown}: {problem}. {remedy}")


class HarnessError(GamedayError):
    pass


class ServerFailed(HarnessError):
    """A server did not come up, or died; `last_lines` is what it wrote at the end."""

    def __init__(self, server: str, problem: str, last_lines: str = "") -> None:
        self.server, self.problem, self.last_lines = server, problem, last_lines
        lines = f" Last lines it wrote:\n{last_lines.rstrip()}\n" if last_lines.strip() else " It wrote nothing.\n"
        super().__init__(f"server {server!r} {problem}.{lines}Run 'gameday doctor' to see what works on this machine.")


class RuntimeMissing(HarnessError):
    pass


class SinkUnreadable(HarnessError):
    """A place could not be looked at: that is unknown, never clean."""

    def __init__(self, sink: str, why: str) -> None:
        self.sink, self.why = sink, why
        super().__init__(f"{sink}: {why}")


class SystemUnreachable(HarnessError):
    pass


class UndoFailed(HarnessError):
    pass


class ClockStopped(HarnessError):
    pass


class JournalBroken(HarnessError):
    pass


class JournalInUse(HarnessError):
    pass


class ExpectationFailed(GamedayError):
    pass


class DirtyOutput(GamedayError):
    pass
