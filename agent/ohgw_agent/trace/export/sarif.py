"""SARIF 2.1.0 of a run: the delivered tree's findings, for code scanning and editors."""

from __future__ import annotations

import json

from ohgw_agent.trace.delivery import report
from ohgw_agent.trace.export_options import ExportOptions
from ohgw_agent.trace.history import History

NAME = "sarif"
SUMMARY = "the delivered tree's findings, for GitHub code scanning and editors"
TAKES = frozenset[str]()


def export(history: History, options: ExportOptions) -> str:
    """Return one SARIF log with one run, named after this run so that runs stay apart."""
    from ohgw_tools.render import render

    log = json.loads(render("sarif", report(history)))
    (run,) = log["runs"]
    name = history.start.get("experiment") or "experiment"
    run["automationDetails"] = {"id": f"ohgw/{name}/{history.id}"}
    run["properties"] = {
        "run": history.id,
        "head": history.reader.events[-1].digest,
        "tree": history.final_tree,
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"
