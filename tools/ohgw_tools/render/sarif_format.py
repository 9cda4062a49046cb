"""SARIF 2.1.0 (OASIS), as GitHub code scanning and the SARIF viewer of VS Code take it.

GitHub reads the first location, a full region, `partialFingerprints.primaryLocationLineHash`, and
rules with short, full and help texts; it refuses empty strings. The viewer opens files below
`originalUriBaseIds`, which is given when the report knows the folder that the files stand in.
"""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ohgw_tools.finding import Evidence, Finding, Region
from ohgw_tools.report import Report, rule_text
from ohgw_tools.tree import sha256

NAME = "sarif"
SUMMARY = "SARIF 2.1.0, for GitHub code scanning and editors"

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_TEXT = 1000
_BASE = "BUNDLE"


def render(report: Report) -> str:
    """Return one SARIF log with one run: every stage's findings on this tree."""
    rules = _rules(report)
    run: dict[str, Any] = {
        "tool": {"driver": {**driver(), "rules": [rule for _, rule in sorted(rules.items())]}},
        "automationDetails": {"id": f"ohgw/{report.contract}/{report.judgement.tree[:12]}"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "results": [_result(report, f, sorted(rules)) for f in report.findings],
    }
    if report.root is not None:
        run["originalUriBaseIds"] = {_BASE: {"uri": f"{report.root.resolve().as_uri()}/"}}
        run["artifacts"] = [
            {"location": _location(report, path), "hashes": {"sha-256": digest}}
            for path, digest in report.bundle.derived.file_digests.items()
        ]
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def driver() -> dict[str, str]:
    """Return what every run says of the tool."""
    try:
        number = version("ohgw-agent")
    except PackageNotFoundError:
        number = "0"
    return {
        "name": "ohgw-agent",
        "version": number,
        "informationUri": "https://github.com/ohgw/ohgw-agent",
    }


def _rules(report: Report) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for finding in report.findings:
        if finding.rule not in found:
            text = rule_text(finding)
            page = text.page or text.summary
            found[finding.rule] = {
                "id": finding.rule,
                "shortDescription": {"text": text.summary[:_TEXT]},
                "fullDescription": {"text": text.summary[:_TEXT]},
                "help": {"text": page, "markdown": page},
                "defaultConfiguration": {"level": _LEVELS[text.severity]},
                "properties": {"tags": list(dict.fromkeys((finding.criterion, text.kind)))},
            }
    return found


def _invocation(report: Report) -> dict[str, Any]:
    reasons = [v for v in report.judgement.verdicts if v.status == "undecided"]
    return {
        "executionSuccessful": not reasons,
        "toolExecutionNotifications": [
            {"level": "warning", "message": {"text": f"{v.stage}: {v.reason or 'undecided'}"}}
            for v in reasons
        ],
    }


def _result(report: Report, finding: Finding, rules: list[str]) -> dict[str, Any]:
    path = finding.path or next(iter(report.bundle.derived), "bundle")
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [_physical(report, path, finding.region)],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{_line_hash(report, finding)}:{finding.ordinal + 1}",
            "ohgw/v1": finding.fingerprint,
        },
        "properties": {"criterion": finding.criterion, "kind": finding.kind},
    }
    related = [
        item
        for item in finding.evidence
        if item.path in report.bundle.derived
        and item.region is not None
        and (item.path, item.region) != (finding.path, finding.region)
    ]
    if related:
        result["relatedLocations"] = [_related(report, e) for e in related[:20]]
    if finding.cause is not None:
        result["properties"]["cause"] = finding.cause
    if finding.waived is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.waived}]
    return result


def _message(finding: Finding) -> str:
    hidden = f" (hidden behind {finding.hidden_by})" if finding.hidden_by else ""
    return f"{finding.message or finding.rule}{hidden}"


def _related(report: Report, item: Evidence) -> dict[str, Any]:
    return {
        **_physical(report, item.path, item.region),
        "message": {"text": item.note or item.quote or item.kind},
    }


def _physical(report: Report, path: str, region: Region | None) -> dict[str, Any]:
    place = region or Region(start_line=1, end_line=1, end_column=1)
    return {
        "physicalLocation": {
            "artifactLocation": _location(report, path),
            "region": {
                "startLine": place.start_line,
                "startColumn": place.start_column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            },
        }
    }


def _location(report: Report, path: str) -> dict[str, str]:
    from urllib.parse import quote

    uri = quote(path)
    return {"uri": uri, "uriBaseId": _BASE} if report.root is not None else {"uri": uri}


def _line_hash(report: Report, finding: Finding) -> str:
    line = report.line(finding.path, finding.region.start_line) if finding.region else ""
    return sha256(f"{finding.rule}\n{line.strip()}".encode())[:16]
