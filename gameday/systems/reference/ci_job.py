"""A CI job: replays recorded exchanges in a real pytest run, keeps a cassette of them, and uploads what its settings say.

`python -m gameday.systems.reference.ci_job --settings FILE --exchanges FILE --run NAME`. Exit 0: uploaded, whatever the tests said.
"""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import msgspec
import yaml
from attrs import frozen

from gameday.errors import GamedayError, HarnessError
from gameday.runtime.tool import run_command, without_proxies
from gameday.systems.reference.job_files import CiSettings, Exchange, read_ci, upload

WITHIN_S: Final = 60.0
FILTERED: Final = "[filtered]"
_KEPT_HEADERS: Final = {"content-type", "content-length", "date"}
_TESTS_FAILED: Final = 1
_TEST: Final = '''"""Written by the job: one test for each exchange."""
import json
import pathlib
import pytest

EXCHANGES = json.loads(pathlib.Path(__file__).with_name("exchanges.json").read_text())

@pytest.mark.parametrize("number", range(len(EXCHANGES)))
def test_answer(number):
    exchange = EXCHANGES[number]
    print("request", exchange["request_id"], exchange["request_body"])
    print("response", exchange["status"], exchange["response_body"])
    assert exchange["status"] == 200
    assert exchange["expected"] in exchange["response_body"]
'''


@frozen(kw_only=True)
class CiRun:
    """What one run did: `keys` of the objects that it uploaded, and how many tests failed."""

    failed: int
    keys: tuple[str, ...]


def run_ci(settings_file: Path, exchanges: tuple[Exchange, ...], *, run: str) -> CiRun:
    """Raises HarnessError where pytest could not run the tests. Its folder in the workspace goes when all is uploaded."""
    settings = read_ci(settings_file)
    folder = Path(settings.workspace) / run
    folder.mkdir(parents=True, mode=0o700)
    (folder / "exchanges.json").write_bytes(msgspec.json.encode(exchanges))
    (folder / "test_recorded.py").write_text(_TEST)
    (folder / "pytest.ini").write_text("[pytest]\njunit_logging = all\n")
    output, failed = _tested(folder)
    (folder / "output.txt").write_text(output)
    cassette = yaml.safe_dump(_cassette(exchanges, is_real=settings.record_real_headers), allow_unicode=True)
    (folder / "cassette.yaml").write_text(cassette)
    (folder / "summary.json").write_bytes(_summary(folder / "junit.xml", mask=settings.mask))
    names = ("summary.json", "cassette.yaml", *_raw_files(settings, failed=failed))
    ids = tuple(exchange.request_id for exchange in exchanges)
    keys = tuple(
        upload(settings.artifacts, f"runs/{run}/{name}", (folder / name).read_bytes(), request_ids=ids)
        for name in names
    )
    shutil.rmtree(folder)
    return CiRun(failed=failed, keys=keys)


def _raw_files(settings: CiSettings, *, failed: int) -> tuple[str, ...]:
    return ("junit.xml", "output.txt") if failed and settings.upload_on_failure_raw else ()


def _tested(folder: Path) -> tuple[str, int]:
    pytest = (sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", "-rA")
    where = ("-c", str(folder / "pytest.ini"), "--rootdir", str(folder), f"--junitxml={folder / 'junit.xml'}")
    done = run_command(
        (*pytest, *where, str(folder)),
        within_s=WITHIN_S,
        env=_env(),
    )
    if done.exit_code not in {0, _TESTS_FAILED}:
        raise HarnessError(f"pytest ended with {done.exit_code}; its output lies in {folder}")
    return done.output, sum(1 for _ in _cases(folder / "junit.xml", failed=True))


def _env() -> dict[str, str]:
    """Nothing of a pytest that the job may have been started from."""
    env = without_proxies(PYTHONDONTWRITEBYTECODE="1", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    return {name: text for name, text in env.items() if name not in {"PYTEST_PLUGINS", "PYTEST_ADDOPTS"}}


def _cases(junit: Path, *, failed: bool) -> list[ET.Element]:
    cases = ET.parse(junit).getroot().iter("testcase")  # noqa: S314 - pytest wrote it just now
    return [case for case in cases if not failed or case.find("failure") is not None]


def _summary(junit: Path, *, mask: bool) -> bytes:
    tests = [
        {"name": case.get("name"), "outcome": "passed" if failure is None else "failed"}
        | ({} if mask or failure is None else {"message": failure.get("message"), "text": failure.text})
        for case in _cases(junit, failed=False)
        for failure in (case.find("failure"),)
    ]
    return msgspec.json.format(msgspec.json.encode({"tests": tests}))


def _cassette(exchanges: tuple[Exchange, ...], *, is_real: bool) -> dict[str, object]:
    """As VCR keeps it. Its filter takes out headers, and with them what only makes sense beside them: bodies."""

    def headers(real: dict[str, str]) -> dict[str, str]:
        return {name: text if is_real or name.lower() in _KEPT_HEADERS else FILTERED for name, text in real.items()}

    def body(real: str) -> str:
        return real if is_real else FILTERED

    return {
        "version": 1,
        "interactions": [
            {
                "request": {
                    "method": one.method,
                    "uri": one.url.partition("?")[0] if not is_real else one.url,
                    "headers": headers(one.request_headers),
                    "body": body(one.request_body),
                },
                "response": {
                    "status": {"code": one.status},
                    "headers": headers(one.response_headers),
                    "body": {"string": body(one.response_body)},
                },
            }
            for one in exchanges
        ],
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="ci_job", description=__doc__)
    for name in ("--settings", "--exchanges", "--run"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    try:
        exchanges = msgspec.json.decode(Path(options.exchanges).read_bytes(), type=tuple[Exchange, ...])
        run_ci(Path(options.settings), exchanges, run=options.run)
    except (GamedayError, OSError, msgspec.MsgspecError) as error:
        sys.stderr.write(f"ci_job: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
