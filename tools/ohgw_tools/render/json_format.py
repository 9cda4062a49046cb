"""JSON for programs: the whole judgement, with places and fingerprints worked out."""

from __future__ import annotations

import json

from pydantic import JsonValue

from ohgw_tools.finding import Finding
from ohgw_tools.report import Report
from ohgw_tools.verdict import Verdict

NAME = "json"
SUMMARY = "for programs: every field of every finding"


def render(report: Report) -> str:
    """Return one JSON object, its keys in a fixed order."""
    judgement = report.judgement
    counts: dict[str, JsonValue] = {**report.counts()}
    document: dict[str, JsonValue] = {
        "ready": judgement.ready,
        "status": judgement.status,
        "experiment": report.bundle.experiment.id,
        "contract": report.contract,
        "tree": judgement.tree,
        "required": [*judgement.required],
        "counts": counts,
        "verdicts": [_verdict(verdict) for verdict in judgement.verdicts],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _verdict(verdict: Verdict) -> JsonValue:
    return {
        "stage": verdict.stage,
        "status": verdict.status,
        "reason": verdict.reason,
        "facts": dict(verdict.facts),
        "findings": [_finding(finding) for finding in verdict.findings],
    }


def _finding(finding: Finding) -> JsonValue:
    fields = finding.model_dump(mode="json")
    return {"fingerprint": finding.fingerprint, "place": finding.place, **fields}
