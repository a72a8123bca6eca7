"""Which real detectors find which families: a Markdown table, and the versions that were measured.

Run: python benchmarks/detectors.py [canaries a family]. Each canary's own text, unencoded, is given to each detector by
itself. A scanner of secrets has found the canary if it reports anything in that text, Presidio if it reports a span that
overlaps a value with a score of 0.4 or more. What is not installed is left out and named. Nothing is sent anywhere.
"""

import importlib
import importlib.metadata
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from attrs import frozen

from gameday.canary.anchors import anchors_of
from gameday.canary.families import FAMILIES, Draw, Family
from gameday.canary.key import SiteKey
from gameday.canary.token import ALPHABET, TOKEN_CHARS

COUNT: Final = 50
NATIONAL: Final = ("EsNif", "FiPersonalIdentityCode", "InAadhaar", "KrRrn", "PlPesel", "SePersonnummer", "TrNationalId")
SURE: Final = 0.4  # what Presidio gives a phone number; below it are patterns such as "any nine digits"
_ANCHORS: Final = anchors_of(SiteKey(b"d" * 32))


@frozen
class Sample:
    """A canary's text and values."""

    text: str
    values: tuple[str, ...]

    def is_hit(self, start: int, end: int) -> bool:
        places = ((self.text.index(value), len(value)) for value in self.values)
        return any(start < place + length and place < end for place, length in places)


@frozen
class Detector:
    """`found` says of each sample whether it was found."""

    name: str
    version: str
    found: Callable[[Sequence[Sample]], list[bool]]


def samples(family: Family, *, count: int) -> list[Sample]:
    made = []
    for number in range(count):
        rng = random.Random(f"{family.name} {number}")  # noqa: S311 - the same table again
        token = "".join(rng.choices(ALPHABET, k=TOKEN_CHARS))
        locale = family.locales[number % len(family.locales)] if family.locales else ""
        values = family.draw(Draw(rng=rng, token=token, anchors=_ANCHORS, locale=locale)).values
        made.append(Sample(family.text(values), values))
    return made


def _in_files(command: Sequence[str], given: Sequence[Sample], *, report_option: str) -> list[bool]:
    """A file a sample, and one run of the command for all of them: which files does its report name?"""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as beside:
        report = Path(beside, "report.json")
        for number, sample in enumerate(given):
            Path(folder, f"{number}.txt").write_text(f"{sample.text}\n", "utf-8")
        options = ("--no-banner", "--redact=100", "--exit-code=0", report_option, str(report))
        subprocess.run([*command, *options, folder], check=True, capture_output=True)
        named = set(_texts_of(json.loads(report.read_text("utf-8"))))
        return [str(Path(folder, f"{number}.txt")) in named for number in range(len(given))]


def _texts_of(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts_of(each)
    elif isinstance(value, str):
        yield value


def _version(command: str) -> str | None:
    """None where it is not installed; betterleaks' wheel also brings a `gitleaks`, which is betterleaks."""
    if shutil.which(command) is None:
        return None
    return subprocess.run([command, "version"], check=True, capture_output=True, text=True).stdout.strip()


def gitleaks() -> Detector | None:
    version = _version("gitleaks")
    if version is None or version == _version("betterleaks"):
        return None
    return Detector("gitleaks", version, partial(_in_files, ["gitleaks", "dir"], report_option="--report-path"))


def betterleaks() -> Detector | None:
    version = _version("betterleaks")
    if version is None:
        return None
    return Detector("betterleaks", version, partial(_in_files, ["betterleaks", "fs"], report_option="--output"))


def kingfisher() -> Detector | None:
    try:
        from kingfisher_sdk import Scanner  # noqa: PLC0415 - it may be missing
    except ImportError:
        return None
    scanner = Scanner()

    def is_found(sample: Sample) -> bool:
        scanner.reset_dedup()
        return any(finding.visible for finding in scanner.scan(sample.text.encode()))

    version = importlib.metadata.version("kingfisher-secret-scanner")
    return Detector("kingfisher", version, lambda given: [is_found(sample) for sample in given])


def presidio() -> Detector | None:
    """What it has on by default for English, and its national identity numbers; no language model, so no names, no places."""
    try:
        analyzer, engine = (importlib.import_module(f"presidio_analyzer{end}") for end in ("", ".nlp_engine"))
    except ImportError:
        return None
    suffixes = importlib.import_module("tldextract")
    vars(suffixes)["extract"] = suffixes.TLDExtract(suffix_list_urls=())  # its own list: nothing is fetched
    registry = analyzer.RecognizerRegistry()
    registry.load_predefined_recognizers()
    recognisers = [
        each for each in registry.recognizers if each.supported_language == "en" and "Spacy" not in each.name
    ]
    recognisers += [getattr(analyzer.predefined_recognizers, f"{name}Recognizer")() for name in NATIONAL]
    nothing = engine.NlpArtifacts([], None, [], [], None, "en")

    def is_found(sample: Sample) -> bool:
        found = (
            result
            for recogniser in recognisers
            for result in recogniser.analyze(sample.text, recogniser.supported_entities, nothing) or ()
        )
        return any(result.score >= SURE and sample.is_hit(result.start, result.end) for result in found)

    version = importlib.metadata.version("presidio-analyzer")
    return Detector("presidio", version, lambda given: [is_found(sample) for sample in given])


def main(count: int) -> None:
    looked = {each.__name__: each() for each in (gitleaks, betterleaks, kingfisher, presidio)}
    detectors = [detector for detector in looked.values() if detector is not None]
    if missing := [name for name, detector in looked.items() if detector is None]:
        print(f"Not installed, so not measured: {', '.join(missing)}.\n")
    print("| family | " + " | ".join(f"{each.name} {each.version}" for each in detectors) + " |")
    print("|---|" + "--:|" * len(detectors))
    for family in FAMILIES:
        given = samples(family, count=count)
        shares = (sum(each.found(given)) / count for each in detectors)
        print(f"| {family.name} | " + " | ".join(f"{share:.0%}" for share in shares) + " |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
