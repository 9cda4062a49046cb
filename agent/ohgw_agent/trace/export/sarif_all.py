"""SARIF 2.1.0 of a whole run: one SARIF run for each judged attempt, with `baselineState`."""

from __future__ import annotations

import json
from typing import Any

from ohgw_agent.trace.delivery import report
from ohgw_agent.trace.export_options import ExportOptions
from ohgw_agent.trace.history import History

NAME = "sarif-all"
SUMMARY = "every attempt's findings with baselineState new, unchanged or absent"
TAKES = frozenset[str]()


def export(history: History, options: ExportOptions) -> str:
    """Return one SARIF log: results that were in the attempt judged before are `unchanged`, those
    that are gone are listed once as `absent`.
    """
    from ohgw_tools.render import render

    runs: list[dict[str, Any]] = []
    before: dict[str, dict[str, Any]] = {}
    for attempt in history.attempts:
        if attempt.refused or not attempt.verdicts:
            continue
        (run,) = json.loads(render("sarif", report(history, attempt)))["runs"]
        now = {result["partialFingerprints"]["ohgw/v1"]: result for result in run["results"]}
        for key, result in now.items():
            result["baselineState"] = "unchanged" if key in before else "new"
        gone = [result for key, result in before.items() if key not in now]
        run["results"] += [_absent(result, run) for result in gone]
        run["automationDetails"] = {"id": f"ohgw/{history.id}/{attempt.number}"}
        runs.append(run)
        before = now
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": runs}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def _absent(result: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
    """A result of the attempt before: this run's list of rules may lack its rule."""
    kept = {key: value for key, value in result.items() if key != "ruleIndex"}
    known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    if result["ruleId"] not in known:
        text = {"text": result["ruleId"]}
        rule = {"id": result["ruleId"], "shortDescription": text, "fullDescription": text}
        run["tool"]["driver"]["rules"].append({**rule, "help": text})
    return {**kept, "baselineState": "absent"}
