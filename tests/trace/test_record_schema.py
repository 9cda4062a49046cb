from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from sample_run import sample

from ohgw_agent.trace.reader import EVENTS
from ohgw_agent.trace.run import Run
from ohgw_agent.trace.schema import KINDS, names, schema
from ohgw_tools.errors import InputError
from ohgw_tools.tree import sha256


def validator(name: str) -> jsonschema.Draft202012Validator:
    found = schema(name)
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def test_every_record_of_a_run_follows_its_schema(tmp_path: Path) -> None:
    folder = sample(tmp_path / "runs")
    with Run.open(tmp_path / "runs", folder.name) as run:
        run.append("resumed", {"from_seq": 3, "changed": []})
        run.append("interrupted", {"signal": "SIGTERM"})
        run.append("tombstone", {"removed": [sha256(b"x")], "reason": "r", "author": "a"})
        run.seal("ready", {"stop": "ready"})
    seen = set()
    for line in (folder / EVENTS).read_text().splitlines():
        body = json.loads(line)
        seen.add(body["kind"])
        validator("event").validate(body)
        validator(f"event.{body['kind']}").validate(body)
    assert len(seen) >= 10
    validator("run-header").validate(json.loads((folder / "run.json").read_text()))
    for line in (tmp_path / "runs" / "index.jsonl").read_text().splitlines():
        validator("index-line").validate(json.loads(line))


@pytest.mark.parametrize("kind", sorted(kind for kind in KINDS if KINDS[kind]))
def test_schema_of_each_kind_refuses_data_that_lack_everything(kind: str) -> None:
    body = {
        "v": 1, "seq": 0, "prev": "0" * 64, "ts": "2026-11-22T15:00:00.000Z", "mono_ms": 0,
        "kind": kind, "step": None, "actor": "tool", "cause": [], "data": {},
    }  # fmt: skip
    assert list(validator("event").iter_errors(body))
    assert list(validator(f"event.{kind}").iter_errors(body))


def test_unknown_kinds_and_further_fields_pass() -> None:
    body = {
        "v": 1, "seq": 0, "prev": "0" * 64, "ts": "2026-11-22T15:00:00.000Z", "mono_ms": 0,
        "kind": "of.the.future", "step": None, "actor": "tool", "cause": [], "data": {"x": 1},
    }  # fmt: skip
    validator("event").validate(body)
    validator("event").validate(
        body | {"kind": "interrupted", "data": {"signal": "SIGINT", "more": True}}
    )


@pytest.mark.parametrize("name", names())
def test_every_name_has_a_sound_schema(name: str) -> None:
    assert validator(name).schema["$schema"].endswith("2020-12/schema")


def test_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match=r"event\.verdict"):
        schema("event.nothing")
