"""The `gameday` command: a thin shell. Each command imports what it needs when it runs, so that help answers at once.

Exit status: 0 pass, 1 fail, 2 inconclusive, 3 gameday itself failed, 4 the command line or a file is wrong.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

from gameday.errors import GamedayError, UsageError
from gameday.sweep.parsers import add_find, add_mint, add_sweep, add_whois

HARNESS_ERROR: Final = 3
USAGE: Final = 4


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return _told(command(options))
    except UsageError as error:
        return _complain(str(error), USAGE)
    except GamedayError as error:
        return _complain(str(error), HARNESS_ERROR)
    except KeyboardInterrupt:
        return _complain("interrupted; what was changed has been put back", 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader, such as head, went away
        return HARNESS_ERROR  # what could not be told never passes
    except Exception as error:  # noqa: BLE001 - the last door: what passes here is our bug, and its text may quote anything
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        at = "" if where is None else f" at {Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}"
        return _complain(f"internal error: {type(error).__name__}{at}. Please report it.", HARNESS_ERROR)


def _told(code: int) -> int:
    """Flushed here, where a reader that went away is still noticed."""
    sys.stdout.flush()
    return code


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"gameday: {text}\n")
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"gameday: {message}. 'gameday --help' lists the commands.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="gameday", description="Chaos and game-day testing for prompt leakage.", epilog=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (
        _add_run,
        _add_gate,
        _add_report,
        _add_load,
        _add_doctor,
        _add_pull,
        _add_init,
        _add_pipeline,
        _add_clean,
        add_mint,
        add_find,
        add_whois,
        add_sweep,
    ):
        add(commands)
    return parser


def _add_run(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("run", help="run the game day: set-up checks, scenarios, gate, report")
    parser.add_argument(
        "scenarios", nargs="*", help="files or folders of scenarios (default: ./scenarios, else the shipped ones)"
    )
    _add_target(parser)
    parser.add_argument("--watch", default="10", help="seconds to wait for an alert (default: 10)")
    parser.add_argument("--slo-run", help="objectives of today's gate")
    parser.add_argument("--slo-release", help="objectives of the release gate")
    parser.add_argument(
        "-n", dest="workers", metavar="WORKERS", help="how many play at once, each on a stack of its own"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be touched, and touch nothing")
    parser.set_defaults(command=_run)


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--on", choices=("auto", "docker", "embedded"), default="auto", help="where the servers run")
    parser.add_argument(
        "--config", help="your system (default: ./gameday.toml if it is there, else the reference pipeline)"
    )
    parser.add_argument("--pipeline", help="folder with the reference pipeline's settings under test")
    parser.add_argument("--seed", type=int, help="seed of the run, to repeat one")
    parser.add_argument("--reports", default="reports", help="folder for reports (default: reports)")


def _add_gate(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("gate", help="judge one or more runs again, by a file of objectives")
    parser.add_argument("runs", nargs="+", help="folders of runs, such as reports/20261123-0600")
    parser.add_argument("--slo", help="OpenSLO v1 file (default: the shipped run.yaml)")
    parser.set_defaults(command=_gate)


def _add_report(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("report", help="write a run's report again, from its journal")
    parser.add_argument("run", help="folder of a run")
    parser.set_defaults(command=_report)


def _add_load(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("load", help="load-test the redaction with locust, and count what got through")
    _add_target(parser)
    parser.add_argument("--users", type=int, default=20, help="concurrent users (default: 20)")
    parser.add_argument("--run-time", default="10s", help="how long (default: 10s)")
    parser.set_defaults(command=_load)


def _add_doctor(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("doctor", help="what works on this machine, and the remedy for what does not")
    parser.set_defaults(command=_doctor)


def _add_pull(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("pull", help="fetch the images of the servers")
    parser.set_defaults(command=_pull)


def _add_init(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("init", help="write a commented gameday.toml for your own system")
    parser.add_argument("--file", default="gameday.toml", help="where to (default: gameday.toml)")
    parser.set_defaults(command=_init)


def _add_pipeline(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("pipeline", help="run the reference pipeline until Ctrl-C, to point a game day at it")
    parser.add_argument("--on", choices=("auto", "docker", "embedded"), default="auto", help="where the servers run")
    parser.add_argument("--pipeline", help="folder with its settings (default: the shipped ones)")
    parser.add_argument("--write-config", metavar="FILE", help="write a gameday.toml that describes it")
    parser.set_defaults(command=_pipeline)


def _add_clean(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("clean", help="finish what a killed run left: faults, containers")
    parser.add_argument("--reports", default="reports", help="folder for reports (default: reports)")
    parser.set_defaults(command=_clean)


def _run(options: argparse.Namespace) -> int:
    from gameday.scenario.running import dry_run, run  # noqa: PLC0415

    return dry_run(options) if options.dry_run else run(options)


def _gate(options: argparse.Namespace) -> int:
    from gameday.gate import decide, pooled  # noqa: PLC0415
    from gameday.journal import read  # noqa: PLC0415
    from gameday.report.summary import gate_lines  # noqa: PLC0415
    from gameday.shipped import shipped  # noqa: PLC0415
    from gameday.slo import load  # noqa: PLC0415

    file = Path(options.slo) if options.slo else shipped("fixtures/slo/run.yaml")
    gate = decide(pooled([read(Path(run)) for run in options.runs]), load(file), file=str(options.slo or "run.yaml"))
    print("\n".join(gate_lines(gate)))
    return gate.verdict.exit_code


def _report(options: argparse.Namespace) -> int:
    from gameday.journal import read  # noqa: PLC0415
    from gameday.report.render import render, write  # noqa: PLC0415
    from gameday.report.view import view  # noqa: PLC0415
    from gameday.scenario.closing import gates  # noqa: PLC0415

    folder = Path(options.run)
    timeline = read(folder)
    both = gates(timeline, run=None, release=None)
    write(folder / "index.html", render(view(timeline, both)))
    print(f"{folder / 'index.html'}\nverdict: {both[0].verdict}")
    return both[0].verdict.exit_code


def _load(options: argparse.Namespace) -> int:
    from gameday.scenario.loading import load  # noqa: PLC0415

    return load(options)


def _doctor(_: argparse.Namespace) -> int:
    from gameday.scenario.setup import examine  # noqa: PLC0415

    return examine(print)


def _pull(_: argparse.Namespace) -> int:
    from gameday.runtime.probes import pull  # noqa: PLC0415
    from gameday.scenario.setup import SERVERS  # noqa: PLC0415

    pull([server.image for server in SERVERS], on_progress=print)
    print("all images are here")
    return 0


def _init(options: argparse.Namespace) -> int:
    from gameday.shipped import shipped  # noqa: PLC0415

    target = Path(options.file)
    if target.exists():
        raise UsageError(f"{target} exists already. Name another file with --file, or move it away.")
    target.write_text(shipped("fixtures/gameday.toml").read_text("utf-8"), "utf-8")
    print(f"{target} is written. Fill in its url, sinks and runbooks, then: gameday run --dry-run")
    return 0


def _pipeline(options: argparse.Namespace) -> int:
    from gameday.scenario.piping import pipe  # noqa: PLC0415

    return pipe(options, say=lambda line: print(line, flush=True))


def _clean(options: argparse.Namespace) -> int:
    from gameday.runtime.probes import remove_orphans  # noqa: PLC0415
    from gameday.scenario.undoing import finish_undos  # noqa: PLC0415

    left = finish_undos(Path(options.reports), say=print)
    try:
        for orphan in remove_orphans():
            print(f"removed {orphan}")
    except GamedayError as error:
        print(f"containers were not looked for: {error}")
    print("nothing is left to clean" if not left else f"{left} faults could not be undone")
    return HARNESS_ERROR if left else 0


if __name__ == "__main__":
    sys.exit(main())
