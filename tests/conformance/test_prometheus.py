"""What Prometheus does for the framework, and what its sink reads, on both runtimes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from attrs import define, field

from gameday.config import SinkConfig, load
from gameday.errors import ConfigError, SinkUnreadable, SystemUnreachable
from gameday.runtime.base import Layout, Running, Runtime
from gameday.runtime.embedded import free_ports
from gameday.servers.prometheus import Prometheus, Target
from gameday.servers.prometheus_api import PrometheusAPI
from gameday.sighting import Record
from gameday.sinks import SINKS
from gameday.wait import poll_until
from tests.conformance.conftest import require_servers

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
RULES = """\
groups:
- name: leaks
  rules:
  - alert: Leak
    expr: gateway_total > 0
    labels: {severity: page}
    annotations: {summary: "planted annotation of {{ $labels.request_id }}"}
"""


@define
class Exposed:
    """A program of this host that is scraped at two paths; what it shows may be changed."""

    good: str = "# EOF\n"
    other: str = "# EOF\n"
    servers: list[ThreadingHTTPServer] = field(factory=list)
    port: int = 0

    def listen(self, *hosts: str) -> None:
        exposed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = (exposed.good if self.path == "/metrics" else exposed.other).encode()
                self.send_response(200)
                self.send_header("content-type", OPEN_METRICS)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Quiet."""

        (self.port,) = free_ports(1)
        self.servers += [ThreadingHTTPServer((host, self.port), Handler) for host in hosts]
        for server in self.servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()


@define
class Scraped:
    running: Running
    exposed: Exposed

    @property
    def url(self) -> str:
        return f"http://{self.running.addresses['http']}"

    def look(self) -> list[Record]:
        config = SinkConfig(place="metrics", kind="prometheus", url=self.url, settle="1s", request_id="request_id")
        return list(SINKS["prometheus"](config).records())

    def showing(self, text: str, kind: str) -> Record:
        """The record of this kind that holds the text, once it was scraped."""

        def look() -> Record | None:
            records = [one for one in self.look() if one.locator.startswith(f"{kind}:")]
            return next((one for one in records if text.encode() in one.body), None)

        return poll_until(look, what=f"{text} in a {kind}", every_s=0.05, within_s=15).value


@pytest.fixture(scope="module")
def scraped(on: str, new_runtime: Callable[[], Runtime]) -> Iterator[Scraped]:
    require_servers(on, Prometheus())
    exposed = Exposed()
    with ExitStack() as stack:
        runtime = stack.enter_context(new_runtime())
        exposed.listen(*runtime.host_addresses)
        stack.callback(exposed.close)
        targets = (Target(job="gateway", port=lambda: exposed.port), Target(job="bad", port=exposed.port, path="/bad"))
        yield Scraped(runtime.start(Prometheus(targets=targets, every="200ms", rules=RULES)), exposed)


def test_what_runs_is_what_is_pinned(scraped: Scraped) -> None:
    assert "3.16.0" in scraped.running.version
    assert scraped.running.digest.startswith("sha256:")


def test_it_keeps_to_its_folder_and_ports() -> None:
    layout = Layout(folder="/x", ports={"http": 20000}, bind="127.0.0.1", host="127.0.0.1")
    command = Prometheus(rules=RULES).command(layout)
    assert {"--storage.tsdb.path=/x/data", "--web.listen-address=127.0.0.1:20000"} <= set(command)
    files = Prometheus(rules=RULES).files(layout)
    assert set(files) == {"prometheus.yml", "rules.yml"}
    assert b"/x/rules.yml" in files["prometheus.yml"]


def test_a_label_is_read_with_its_request_id(scraped: Scraped) -> None:
    scraped.exposed.good = 'gateway_total{prompt="planted value",request_id="r1"} 1\n# EOF\n'
    record = scraped.showing("planted value", "series")
    assert record.request_id == "r1"
    assert "planted" not in record.locator


def test_a_label_s_name_and_a_metric_s_name_are_read(scraped: Scraped) -> None:
    scraped.exposed.good = '{"planted metric","planted: läbel"="x"} 1\n# EOF\n'
    assert b"planted metric" in scraped.showing("planted: läbel", "series").body


def test_an_exemplar_is_read_with_its_stamp(scraped: Scraped) -> None:
    scraped.exposed.good = (
        '# TYPE asked counter\nasked_total 1 # {request_id="r2",prompt="planted exemplar"} 1 1793000000.25\n# EOF\n'
    )
    record = scraped.showing("planted exemplar", "exemplar")
    assert record.stamp_s == 1793000000.25
    assert record.request_id == "r2"


def test_a_help_text_is_read(scraped: Scraped) -> None:
    scraped.exposed.good = "# TYPE told gauge\n# HELP told planted help\ntold 1\n# EOF\n"
    assert scraped.showing("planted help", "metadata").stamp_s is None


def test_a_line_that_could_not_be_parsed_is_read_where_prometheus_keeps_it(scraped: Scraped) -> None:
    scraped.exposed.other = "planted rubbish {{{\n# EOF\n"
    scraped.showing("planted rubbish", "target")
    scraped.exposed.other = "# EOF\n"


def test_a_rule_and_its_alerts_are_read_with_their_annotations(scraped: Scraped) -> None:
    scraped.exposed.good = 'gateway_total{request_id="r3"} 1\n# EOF\n'
    alert = scraped.showing("planted annotation of r3", "alert")
    assert alert.request_id == "r3"
    assert alert.stamp_s is not None
    scraped.showing("planted annotation of {{ $labels.request_id }}", "rule")


def test_a_label_value_whose_series_was_deleted_is_still_read(scraped: Scraped) -> None:
    scraped.exposed.good = '{"gone metric","gone läbel_"="planted and deleted"} 1\n# EOF\n'
    scraped.showing("planted and deleted", "series")
    scraped.exposed.good = "# EOF\n"
    PrometheusAPI(scraped.url).delete('{__name__="gone metric"}')
    records = [one.locator.partition(":")[0] for one in scraped.look() if b"planted and deleted" in one.body]
    assert records in (["label"], ["series"])


def test_what_was_never_there_is_not_read_and_each_record_has_a_name_of_its_own(scraped: Scraped) -> None:
    records = scraped.look()
    assert not any(b"nobody planted this" in one.body for one in records)
    assert len({one.locator for one in records}) == len(records)
    assert {one.cursor for one in records} == {""}


def test_a_later_look_reads_all_of_it_again(scraped: Scraped) -> None:
    scraped.exposed.good = 'gateway_total{prompt="planted to stay"} 1\n# EOF\n'
    first = scraped.showing("planted to stay", "series")
    assert scraped.showing("planted to stay", "series").locator == first.locator


def test_no_question_holds_what_is_looked_for_and_the_server_s_own_output_holds_no_label(
    on: str, scraped: Scraped
) -> None:
    scraped.exposed.good = 'gateway_total{prompt="planted and unsaid"} 1\n# EOF\n'
    scraped.showing("planted and unsaid", "series")
    if on == "embedded":
        assert "planted" not in (scraped.running.folder / "server.log").read_text()


def test_a_prometheus_that_does_not_answer_could_not_be_looked_at() -> None:
    config = SinkConfig(place="metrics", kind="prometheus", url="http://127.0.0.1:1", settle="1s")
    with pytest.raises(SinkUnreadable, match="does not answer"):
        list(SINKS["prometheus"](config).records())
    with pytest.raises(SystemUnreachable):
        PrometheusAPI("http://127.0.0.1:1").is_ready()


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "success", "data": [], "warnings": ["results truncated due to limit"]},
        {"status": "error", "errorType": "timeout", "error": "planted error"},
        {"status": "success", "data": "planted data"},
        ["planted list"],
    ],
)
def test_an_answer_that_is_not_whole_is_unknown_and_is_not_quoted(answer: object) -> None:
    exposed = Exposed(other=msgspec.json.encode(answer).decode())
    exposed.listen("127.0.0.1")
    config = SinkConfig(place="metrics", kind="prometheus", url=f"http://127.0.0.1:{exposed.port}", settle="1s")
    with pytest.raises(SinkUnreadable) as caught:
        list(SINKS["prometheus"](config).records())
    exposed.close()
    assert "planted" not in str(caught.value)


def test_a_sink_of_this_kind_must_say_how_long_a_scrape_may_take(tmp_path: Path) -> None:
    file = tmp_path / "gameday.toml"
    text = '[target]\nurl = "http://127.0.0.1:1/v1"\ntenants = { acme = "env:KEY" }\n[[sink]]\nplace = "metrics"\nkind = "prometheus"\n'
    file.write_text(f'{text}url = "http://127.0.0.1:9090"\n')
    with pytest.raises(ConfigError, match="settle"):
        load(file)
    file.write_text(f'{text}url = "http://127.0.0.1:9090"\nsettle = "45s"\n')
    assert load(file).sink[0].settle == "45s"
