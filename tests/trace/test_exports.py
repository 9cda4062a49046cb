"""Each export, read by its consumer's own parser or schema."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from broken_off_run import not_ready
from canaries import ENVIRONMENT, all_secrets, everything, forms
from sample_run import Recorder, edit_away, finish, sample, sample_bundle, start_data

from ohgw_agent.cli import main
from ohgw_agent.trace.export import export, exports
from ohgw_agent.trace.history import History
from ohgw_agent.trace.reader import Reader
from ohgw_agent.trace.redaction import Redactor
from ohgw_agent.trace.run import Run
from ohgw_tools.tree import sha256


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(Reader(sample(tmp_path / "runs")))


def load(history: History, name: str) -> Any:
    return json.loads(export(history, name))


def test_all_formats_are_there() -> None:
    assert list(exports()) == [
        "agent-trace",
        "atif",
        "in-toto",
        "junit",
        "otlp",
        "sarif",
        "sarif-all",
    ]


def test_junit_is_read_by_a_junit_parser(tmp_path: Path) -> None:
    from junitparser import JUnitXml

    failed = JUnitXml.fromstring(export(not_ready(tmp_path / "runs"), "junit").encode())
    assert (failed.failures, failed.errors) == (1, 0)
    passed = JUnitXml.fromstring(export(History(Reader(sample(tmp_path / "b"))), "junit").encode())
    assert passed.tests > 0
    assert passed.failures == 0


def test_otlp_is_read_by_the_protocol_s_own_parser(history: History) -> None:
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    body = load(history, "otlp")
    spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
    for span in spans:
        assert re.fullmatch("[0-9a-f]{32}", span["traceId"])
        for holder in (span, *span.get("links", [])):
            # OTLP/JSON writes ids in hexadecimal, plain protobuf JSON in base64.
            for key in {"traceId", "spanId", "parentSpanId"} & set(holder):
                holder[key] = base64.b64encode(bytes.fromhex(holder[key])).decode()
    request = json_format.ParseDict(body, ExportTraceServiceRequest(), ignore_unknown_fields=False)
    parsed = request.resource_spans[0].scope_spans[0].spans
    names = [span.name for span in parsed]
    assert names[0] == "invoke_workflow ohgw-agent fix"
    assert names.count("chat scripted-model") == 3
    assert names.count("execute_tool apply_patch") == 4
    ids = [span.span_id for span in parsed]
    assert len(set(ids)) == len(ids)
    assert all(span.parent_span_id == ids[0] for span in parsed[1:])
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in parsed)
    linked = {link.span_id for span in parsed for link in span.links}
    assert linked
    assert linked <= set(ids)


def test_otlp_names_follow_the_genai_conventions(history: History) -> None:
    body = load(history, "otlp")
    spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
    operations = {"invoke_workflow", "execute_tool", "chat"}
    for span in spans:
        values = {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}
        assert values["gen_ai.operation.name"] in operations
        assert span["name"].startswith(values["gen_ai.operation.name"])
    chat = next(span for span in spans if span["name"].startswith("chat"))
    values = {a["key"]: a["value"] for a in chat["attributes"]}
    assert values["gen_ai.usage.input_tokens"] == {"intValue": "1000"}
    assert chat["kind"] == 3
    judged = [event for span in spans for event in span.get("events", [])]
    assert {event["name"] for event in judged} == {"gen_ai.evaluation.result"}


def test_atif_is_read_by_its_models(history: History) -> None:
    from atif import Trajectory

    trajectory = Trajectory.model_validate_json(export(history, "atif"))
    assert trajectory.session_id == history.id
    assert trajectory.final_metrics is not None
    assert trajectory.final_metrics.total_prompt_tokens == 3000
    calls = [call for step in trajectory.steps for call in step.tool_calls or []]
    assert [c.function_name for c in calls].count("apply_patch") == 4
    judging = [s for s in trajectory.steps if s.llm_call_count == 0]
    asking = [s for s in trajectory.steps if s.llm_call_count == 1]
    assert len(judging) == 6
    assert sum(s.metrics.prompt_tokens or 0 for s in asking if s.metrics) == 3000
    for step in trajectory.steps:
        made = {call.tool_call_id for call in step.tool_calls or []}
        seen = step.observation.results if step.observation else []
        assert {result.source_call_id for result in seen} <= made


AGENT_TRACE = {
    "type": "object",
    "required": ["version", "id", "timestamp", "files"],
    "properties": {
        "version": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+$"},
        "id": {"type": "string", "format": "uuid"},
        "timestamp": {"type": "string", "format": "date-time"},
        "tool": {"type": "object", "properties": {"name": {"type": "string"}}},
        "metadata": {"type": "object"},
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "conversations"],
                "properties": {
                    "path": {"type": "string"},
                    "conversations": {"type": "array", "items": {"$ref": "#/$defs/conversation"}},
                },
            },
        },
    },
    "$defs": {
        "conversation": {
            "type": "object",
            "required": ["ranges"],
            "properties": {
                "url": {"type": "string", "format": "uri"},
                "contributor": {
                    "type": "object",
                    "required": ["type"],
                    "properties": {
                        "type": {"enum": ["human", "ai", "mixed", "unknown"]},
                        "model_id": {"type": "string", "maxLength": 250},
                    },
                },
                "ranges": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["start_line", "end_line"],
                        "properties": {
                            "start_line": {"type": "integer", "minimum": 1},
                            "end_line": {"type": "integer", "minimum": 1},
                            "content_hash": {"type": "string"},
                        },
                    },
                },
            },
        }
    },
}


def test_agent_trace_follows_its_schema_and_its_ranges_hold(history: History) -> None:
    record = load(history, "agent-trace")
    jsonschema.Draft202012Validator(AGENT_TRACE).validate(record)
    tree = history.reader.tree(history.final_tree)
    ranges = 0
    for file in record["files"]:
        lines = tree[file["path"]].splitlines(keepends=True)
        for conversation in file["conversations"]:
            assert conversation["contributor"] == {"type": "ai", "model_id": "scripted-model"}
            for found in conversation["ranges"]:
                words = "".join(lines[found["start_line"] - 1 : found["end_line"]])
                assert found["content_hash"] == f"sha256:{sha256(words.encode())}"
                ranges += 1
    assert ranges == 3


def test_in_toto_statement_is_read_by_its_parsers(tmp_path: Path, history: History) -> None:
    from google.protobuf import json_format
    from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
    from in_toto_attestation.v1 import statement_pb2

    for made, result in ((history, "PASSED"), (not_ready(tmp_path / "b"), "FAILED")):
        body = load(made, "in-toto")
        statement = json_format.ParseDict(body, statement_pb2.Statement())
        assert statement.type == "https://in-toto.io/Statement/v1"
        assert statement.predicate_type == "https://in-toto.io/attestation/test-result/v0.1"
        assert statement.subject[0].digest["sha256"] == made.final_tree
        assert all(re.fullmatch("[0-9a-f]{64}", s.digest["sha256"]) for s in statement.subject)
        predicate = json_format.ParseDict(body["predicate"], test_result_pb2.TestResult())
        assert predicate.result == result
        digests = [c.digest["sha256"] for c in predicate.configuration]
        assert made.reader.events[-1].digest in digests


def test_in_toto_never_passes_what_nobody_looked_at(tmp_path: Path) -> None:
    body = load(not_ready(tmp_path / "runs"), "in-toto")["predicate"]
    assert "sandbox (not reached)" in body["failedTests"]


@pytest.mark.parametrize("name", sorted(exports()))
def test_export_of_a_run_that_broke_off_at_once(tmp_path: Path, name: str) -> None:
    with Run.create(tmp_path / "runs", start_data(sample_bundle()), redactor=Redactor()) as run:
        pass
    assert export(History(Reader(run.folder)), name).endswith("\n")


@pytest.mark.parametrize("name", sorted(exports()))
def test_no_secret_is_in_any_export_or_on_the_terminal(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, secret = sample_bundle(), everything()
    bundle = bundle.with_derived(bundle.derived.with_file("src/data.py", f"# TODO x\n{secret}"))
    redactor = Redactor.from_environment(ENVIRONMENT)
    with Run.create(tmp_path / "runs", start_data(bundle), redactor=redactor) as run:
        recorder = Recorder(run, bundle.derived, log=secret)
        recorder.judge(bundle.derived, None)
        recorder.ask(secret, secret)
        recorder.patch(edit_away("src/data.py", "# TODO x", f"# TODO {secret}", ()))
        finish(recorder)
    assert main(["export", str(run.folder), "--to", name]) == 0
    for words in (["runs", "show", str(run.folder)], ["blame", str(run.folder), "src/data.py"]):
        assert main(words) == 0
    shown = capsys.readouterr().out.encode()
    assert shown
    assert not [s[:9] for s in all_secrets() for form in forms(s) if form in shown]


def test_unknown_format_is_refused_with_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = sample(tmp_path / "runs")
    assert main(["export", str(folder), "--to", "pdf"]) == 2
    assert "agent-trace, atif, in-toto" in capsys.readouterr().err
    assert main(["export"]) == 0
    assert "OpenTelemetry" in capsys.readouterr().out
