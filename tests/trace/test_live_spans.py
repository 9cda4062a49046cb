"""Spans sent while a run goes on, received by a real OTLP/HTTP collector on a socket."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from canaries import ENVIRONMENT, all_secrets, everything, forms
from sample_run import Recorder, finish, record_rounds, sample_bundle, start_data
from span_collector import SpanCollector, collecting, values

from ohgw_agent.budget import Budget
from ohgw_agent.cli.display import display
from ohgw_agent.notice import Notice
from ohgw_agent.settings import OtelSettings, Settings
from ohgw_agent.telemetry import sender
from ohgw_agent.trace import live_spans
from ohgw_agent.trace.export import export
from ohgw_agent.trace.export_options import ExportOptions
from ohgw_agent.trace.history import History
from ohgw_agent.trace.reader import Reader
from ohgw_agent.trace.redaction import Redactor
from ohgw_agent.trace.run import Run
from ohgw_agent.trace.verification import verify
from ohgw_tools.errors import InputError

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "examples" / "quickstart.json"


def nobody(notice: Any) -> None:
    return


def record(runs: Path, settings: OtelSettings | None, provider: Any = None) -> tuple[Path, list]:
    """Record the sample run while sending its spans. Returns its folder and the warnings."""
    told: list[Any] = []
    bundle = sample_bundle()
    with (
        Run.create(runs, start_data(bundle), redactor=Redactor()) as run,
        sender(settings, provider)(run, told.append),
    ):
        recorder = Recorder(run, bundle.derived)
        record_rounds(recorder)
        finish(recorder)
    return run.folder, [notice.text for notice in told]


def cli(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ohgw_agent", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )


def plain(value: dict[str, Any]) -> Any:
    """The value of an attribute in OTLP/JSON."""
    ((kind, inner),) = value.items()
    if kind == "arrayValue":
        return [plain(item) for item in inner["values"]]
    return int(inner) if kind == "intValue" else inner


def exported(folder: Path, content: bool = False) -> dict[str, dict[str, Any]]:
    """The spans of the file export by their id."""
    body = json.loads(export(History(Reader(folder)), "otlp", ExportOptions(content=content)))
    return {span["spanId"]: span for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"]}


def assert_same(collector: SpanCollector, folder: Path, content: bool = False) -> None:
    """What came over the wire is what the file export says: same ids, parents, times, values."""
    wanted = exported(folder, content)
    assert {span.span_id.hex() for span in collector.spans} == set(wanted)
    for span in collector.spans:
        other = wanted[span.span_id.hex()]
        assert span.trace_id.hex() == other["traceId"]
        assert span.parent_span_id.hex() == other.get("parentSpanId", "")
        assert (span.name, span.kind) == (other["name"], other["kind"])
        assert str(span.start_time_unix_nano) == other["startTimeUnixNano"]
        assert str(span.end_time_unix_nano) == other["endTimeUnixNano"]
        listed = {a["key"]: plain(a["value"]) for a in other["attributes"]}
        assert values(span.attributes) == listed
        assert span.status.code == other["status"].get("code", 0)
        linked = [link["spanId"] for link in other.get("links", [])]
        assert [link.span_id.hex() for link in span.links] == linked
        said = [{a["key"]: plain(a["value"]) for a in e["attributes"]}
                for e in other.get("events", [])]  # fmt: skip
        assert [values(event.attributes) for event in span.events] == said


def test_what_is_sent_is_what_the_file_export_says(tmp_path: Path) -> None:
    with collecting() as collector:
        folder, warnings = record(tmp_path / "runs", OtelSettings(endpoint=collector.url))
    assert warnings == []
    assert_same(collector, folder)
    assert {named["service.name"] for named in collector.resources} == {"ohgw-agent"}
    assert not [s for s in collector.spans if "messages" in str(values(s.attributes).keys())]


def test_fix_sends_spans_while_it_goes_on_and_only_on_request(tmp_path: Path) -> None:
    with collecting() as collector:
        ambient = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=research",
            "OTEL_SERVICE_NAME": "night-shift",
            "OTEL_TRACES_EXPORTER": "otlp",
        }
        words = ("fix", QUICKSTART, "--static-only", "-q", "--runs-dir")
        assert cli(*words, tmp_path / "silent", **ambient).returncode == 0
        assert collector.headers == []
        done = cli(*words, tmp_path / "runs", "--otel", **ambient)
        assert (done.returncode, done.stderr) == (0, "")
    (folder,) = (p for p in (tmp_path / "runs").iterdir() if p.is_dir())
    assert_same(collector, folder)
    assert {named["service.name"] for named in collector.resources} == {"night-shift"}
    assert all(headers["x-tenant"] == "research" for headers in collector.headers)
    assert Reader(folder).events[0].data["external_tracing"] is True
    (silent,) = (p for p in (tmp_path / "silent").iterdir() if p.is_dir())
    assert Reader(silent).events[0].data["external_tracing"] is False


def test_a_span_arrives_before_the_run_ends(tmp_path: Path) -> None:
    bundle = sample_bundle()
    with (
        collecting() as collector,
        Run.create(tmp_path / "runs", start_data(bundle), redactor=Redactor()) as run,
        sender(OtelSettings(endpoint=collector.url), None)(run, nobody),
    ):
        recorder = Recorder(run, bundle.derived)
        recorder.judge(bundle.derived, None)
        assert collector.wait_for("execute_tool validate_static")
        assert "invoke_workflow ohgw-agent fix" not in {span.name for span in collector.spans}
        finish(recorder)


def test_content_is_sent_only_when_opted_in_and_never_a_secret(tmp_path: Path) -> None:
    bundle = sample_bundle()
    with (
        collecting() as collector,
        Run.create(
            tmp_path / "runs",
            start_data(bundle),
            redactor=Redactor.from_environment(ENVIRONMENT),
        ) as run,
        sender(OtelSettings(endpoint=collector.url, content=True), None)(run, nobody),
    ):
        recorder = Recorder(run, bundle.derived, log=everything())
        recorder.ask(f"mend this\n{everything()}", f"done\n{everything()}")
        recorder.judge(bundle.derived, None)
        finish(recorder)
    assert_same(collector, run.folder, content=True)
    (chat,) = (span for span in collector.spans if span.name.startswith("chat"))
    asked = json.loads(values(chat.attributes)["gen_ai.input.messages"])
    assert asked[0]["role"] == "user"
    assert asked[0]["parts"][0]["content"].startswith("mend this")
    (answer,) = json.loads(values(chat.attributes)["gen_ai.output.messages"])
    assert answer["finish_reason"] == "stop"
    sent = b"".join(span.SerializeToString() for span in collector.spans)
    assert b"[REDACTED:" in sent
    assert not [secret[:9] for secret in all_secrets() for f in forms(secret) if f in sent]


@pytest.mark.parametrize("fault", ["refused", "error", "hangs"])
def test_a_broken_collector_does_not_harm_the_run(
    tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(live_spans, "GRACE", 0.5)
    with collecting(status=500, pause=30 if fault == "hangs" else 0) as collector:
        url = "http://127.0.0.1:9" if fault == "refused" else collector.url
        folder, warnings = record(tmp_path / "runs", OtelSettings(endpoint=url))
    assert verify(folder).level == "sealed"
    (warning,) = warnings
    assert re.search(r"(\d+) of \1 spans were not taken", warning)
    assert "export" in warning
    assert capfd.readouterr().err == ""


def test_a_resumed_run_goes_on_in_the_same_trace(tmp_path: Path) -> None:
    bundle = sample_bundle()
    with collecting() as collector:
        settings = OtelSettings(endpoint=collector.url)
        with (
            Run.create(tmp_path / "runs", start_data(bundle), redactor=Redactor()) as run,
            sender(settings, None)(run, nobody),
        ):
            recorder = Recorder(run, bundle.derived)
            recorder.judge(bundle.derived, None)
            finish(recorder)
        with (
            Run.open(tmp_path / "runs", run.id, redactor=Redactor()) as run,
            sender(settings, None)(run, nobody),
        ):
            run.append("resumed", {"from_seq": 1, "changed": []})
            again = Recorder(run, bundle.derived, attempts=1)
            again.judge(bundle.derived, bundle.derived)
            finish(again)
    roots = [span for span in collector.spans if not span.parent_span_id]
    assert len(roots) == 2
    assert len({span.trace_id for span in collector.spans}) == 1
    ids = [span.span_id for span in collector.spans]
    assert len(ids) == len(set(ids))
    later = [span for span in collector.spans if span.parent_span_id == roots[1].span_id]
    assert [span.name for span in later] == [
        "execute_tool validate_patch",
        "execute_tool validate_static",
    ]


def test_spans_go_below_the_span_of_a_caller_with_a_provider_of_its_own(tmp_path: Path) -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from ohgw_agent import fix, load

    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with provider.get_tracer("pipeline").start_as_current_span("night") as night:
        settings = Settings(static_only=True)
        trace = fix(load(QUICKSTART), settings, runs_dir=tmp_path, tracer_provider=provider)
    assert trace.ready
    found = {span.name: span for span in kept.get_finished_spans()}
    whole = found["invoke_workflow ohgw-agent fix"]
    assert whole.parent == night.get_span_context()
    assert found["execute_tool apply_patch"].parent == whole.get_span_context()
    assert found["execute_tool apply_patch"].links


def test_without_the_extra_the_answer_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(InputError, match=r"ohgw-agent\[otel\]"):
        sender(OtelSettings(), None)


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    done = cli("fix", QUICKSTART, "--otel-endpoint", "collector:4318", "--runs-dir", tmp_path)
    assert done.returncode == 2
    assert "http://localhost:4318" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("quiet", [True, False])
def test_a_warning_is_shown_to_the_quiet_too(
    quiet: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with display(Budget(), quiet=quiet) as watch:
        watch(Notice(kind="warning", text="3 of 9 spans were not taken"))
        watch(Notice(kind="stage", stage="static"))
    assert capsys.readouterr().err == "3 of 9 spans were not taken\n"
