"""SARIF 2.1.0 of a run: the delivered tree's findings, for code scanning and editors.

With a checkout the files are there to be opened: without one an editor shows places in files that
it cannot find, since the tree of a run stands in no folder.
"""

from __future__ import annotations

import json

from ohgw_agent.trace.checkout import check_out
from ohgw_agent.trace.delivery import report
from ohgw_agent.trace.export_options import ExportOptions
from ohgw_agent.trace.history import History

NAME = "sarif"
SUMMARY = "the delivered tree's findings, for GitHub code scanning and editors"
TAKES = frozenset({"checkout"})


def export(history: History, options: ExportOptions) -> str:
    """Return one SARIF log with one run, named after this run so that runs stay apart."""
    from ohgw_tools.render import render

    said = report(history)
    if options.checkout is not None:
        check_out(said.bundle.derived, options.checkout)
        said = said._replace(root=options.checkout)
    log = json.loads(render("sarif", said))
    (run,) = log["runs"]
    name = history.start.get("experiment") or "experiment"
    run["automationDetails"] = {"id": f"ohgw/{name}/{history.id}"}
    run["properties"] = {
        "run": history.id,
        "head": history.reader.events[-1].digest,
        "tree": history.final_tree,
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"
