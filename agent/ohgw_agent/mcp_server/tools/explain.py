"""`explain`: what a rule looks for, why it matters, and what to write in its place."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel

from ohgw_agent.mcp_server.desk import Desk, tool_error
from ohgw_tools.errors import InputError
from ohgw_tools.frozen import FROZEN
from ohgw_tools.rule import all_rules, page
from ohgw_tools.running.run_finding import RULES
from ohgw_tools.verdict import Stage

TITLE = "Explain a finding"
WRITES = False


class RuleLine(BaseModel):
    """A rule in one line, and the stage that asks it."""

    model_config = FROZEN

    rule: str
    stage: Stage
    severity: str
    summary: str


class Explained(BaseModel):
    """The page of one rule as Markdown; or, where none was named, no page and all rules."""

    model_config = FROZEN

    page: str
    rules: tuple[RuleLine, ...]


def tool(desk: Desk) -> Callable[..., Explained]:
    """Return the tool."""

    def explain(rule: str = "") -> Explained:
        """Explain the `rule` of a finding: what it looks for, why that is bad, what to write in its
        place, with examples. Without a rule, list all rules.
        """
        known = _lines()
        if not rule:
            return Explained(page="", rules=known)
        named = tuple(line for line in known if line.rule == rule)
        try:
            text = _run_page(named[0]) if named and named[0].stage == "sandbox" else page(rule)
        except InputError as error:
            raise tool_error(error) from error
        return Explained(page=text, rules=named)

    return explain


def _lines() -> tuple[RuleLine, ...]:
    static = [
        RuleLine(rule=r.NAME, stage="static", severity=r.SEVERITY, summary=r.SUMMARY)
        for r in all_rules()
    ]
    running = [
        RuleLine(rule=name, stage="sandbox", severity=r.severity, summary=r.summary)
        for name, r in RULES.items()
    ]
    return (*static, *running)


def _run_page(line: RuleLine) -> str:
    """What was found by running is explained by its evidence: the rule itself is one sentence."""
    return (
        f"# {line.rule}\n\n{line.summary}\n\nFound by running the bundle in the sandbox; the"
        " finding's evidence quotes the log, the artifact or what the observer saw.\n"
    )
