"""JUnit XML of a run: the delivered tree's verdicts, for CI."""

from __future__ import annotations

from ohgw_agent.trace.delivery import report
from ohgw_agent.trace.export_options import ExportOptions
from ohgw_agent.trace.history import History

NAME = "junit"
SUMMARY = "the delivered tree's verdicts as test cases, for CI"
TAKES = frozenset[str]()


def export(history: History, options: ExportOptions) -> str:
    """Return a `testsuites` document."""
    from ohgw_tools.render import render

    return render("junit", report(history))
