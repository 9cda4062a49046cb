"""SARIF 2.1.0 of a whole run: one SARIF run for each judged attempt, with `baselineState`, and with
each patch that led on as a `fix` of the findings that it answered.
"""

from __future__ import annotations

import json
from typing import Any

from ohgw_agent.trace.checkout import check_out
from ohgw_agent.trace.delivery import report
from ohgw_agent.trace.export_options import ExportOptions
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Candidate
from ohgw_agent.trace.sarif_fix import fixes

NAME = "sarif-all"
SUMMARY = "every attempt's findings (new, unchanged or absent) and each patch as a fix"
TAKES = frozenset({"checkout"})


def export(history: History, options: ExportOptions) -> str:
    """Return one SARIF log: results that were in the attempt judged before are `unchanged`, those
    that are gone are listed once as `absent`.
    """
    runs: list[dict[str, Any]] = []
    before: dict[str, dict[str, Any]] = {}
    for attempt in history.attempts:
        if attempt.refused or not attempt.verdicts:
            continue
        run = _run(history, attempt, options)
        now = {result["partialFingerprints"]["ohgw/v1"]: result for result in run["results"]}
        for key, result in now.items():
            result["baselineState"] = "unchanged" if key in before else "new"
        gone = [result for key, result in before.items() if key not in now]
        run["results"] += [_absent(result, run) for result in gone]
        runs.append(run)
        before = now
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": runs}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def _run(history: History, attempt: Candidate, options: ExportOptions) -> dict[str, Any]:
    """One attempt as a SARIF run; a checkout of all has a folder for each."""
    from ohgw_tools.render import render

    said = report(history, attempt)
    if options.checkout is not None:
        folder = options.checkout / f"attempt-{attempt.number}"
        check_out(said.bundle.derived, folder)
        said = said._replace(root=folder)
    run: dict[str, Any]
    (run,) = json.loads(render("sarif", said))["runs"]
    run["automationDetails"] = {"id": f"ohgw/{history.id}/{attempt.number}"}
    base_id = next(iter(run.get("originalUriBaseIds", {})), None)
    found = fixes(history, attempt, base_id)
    for result in run["results"]:
        mending = found.get(result["partialFingerprints"]["ohgw/v1"])
        if mending:
            result["fixes"] = mending
    return run


def _absent(result: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
    """A result of the attempt before: this run's list of rules may lack its rule, and its fix has
    been applied.
    """
    kept = {key: value for key, value in result.items() if key not in ("ruleIndex", "fixes")}
    known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    if result["ruleId"] not in known:
        text = {"text": result["ruleId"]}
        rule = {"id": result["ruleId"], "shortDescription": text, "fullDescription": text}
        run["tool"]["driver"]["rules"].append({**rule, "help": text})
    return {**kept, "baselineState": "absent"}
