"""What the reference detector reads in a bucket: objects and what they pack, as lines that name their request."""

import io
import json
import tarfile
from pathlib import Path

from gameday.detect.objects import object_lines
from gameday.detect.sources import Watched, source_of


def packed(**files: bytes) -> bytes:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return body.getvalue()


def test_an_object_is_one_line_however_many_it_has() -> None:
    (line,) = object_lines(b"one\ntwo\xff", key="runs/1/output.txt", requests="r-1")
    assert json.loads(line) == {"request_id": "r-1", "key": "runs/1/output.txt", "body": "one\ntwo\ufffd"}


def test_a_pack_is_read_file_by_file_and_json_lines_speak_for_themselves() -> None:
    text, said = object_lines(packed(log=b"a line", capture=b'{"request_id":"r-2"}\n'), key="b.tar.gz")
    assert json.loads(text)["key"] == "b.tar.gz/log"
    assert json.loads(said) == {"request_id": "r-2"}


def test_a_pack_that_is_broken_is_looked_at_as_it_is() -> None:
    (line,) = object_lines(packed(log=b"a line")[:20], key="b.tar.gz")
    assert json.loads(line)["key"] == "b.tar.gz"


def test_a_store_whose_address_nobody_has_written_yet_has_not_been_read(tmp_path: Path) -> None:
    watched = Watched(path="s3://b", service="ci", request_id="request_id", kind="s3", env=str(tmp_path / "later"))
    batch = source_of(watched).read(17)
    assert (list(batch.lines), batch.position) == ([], 17)


def test_a_store_that_does_not_answer_has_not_been_read(tmp_path: Path) -> None:
    env = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_DEFAULT_REGION": "x"}
    (tmp_path / "env").write_text(json.dumps(env))
    watched = Watched(path="s3://bbb", service="ci", request_id="request_id", kind="s3", env=str(tmp_path / "env"))
    assert source_of(watched).read(17).position == 17
