"""`list_runs`: which repairs are on record."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from pydantic import BaseModel

from ohgw_agent.mcp_server import answers
from ohgw_agent.mcp_server.desk import Desk, tool_error
from ohgw_tools.errors import OhgwError
from ohgw_tools.frozen import FROZEN

TITLE = "List recorded repairs"
WRITES = False


class RunLine(BaseModel):
    """One run as its header sums it up. `problem` says why there is nothing to sum up."""

    model_config = FROZEN

    run: str
    status: str
    stop: str
    experiment: str
    bundle: str
    started: str
    attempts: int | None
    errors_left: int | None
    problem: str


class Runs(BaseModel):
    """Runs, newest first. `more` tells whether there are others after these."""

    model_config = FROZEN

    runs: tuple[RunLine, ...]
    more: bool


def tool(desk: Desk) -> Callable[..., Runs]:
    """Return the tool."""

    def list_runs(
        status: str | None = None,
        rule: str | None = None,
        bundle: str | None = None,
        since: str | None = None,
        offset: answers.Page = 0,
        limit: answers.Count = 50,
    ) -> Runs:
        """List recorded repairs, newest first.

        `status` is ready, not ready, undecided, open or a stop reason; `rule` finds runs in which
        that rule found something; `bundle` is an experiment's name or the beginning of a bundle's
        digest; `since` a time or an age such as 90m, 12h, 7d.
        """
        from ohgw_agent.trace.listing import Filter, list_runs

        wanted = Filter(status=status, rule=rule, bundle=bundle, since=since)
        if not desk.folders.runs_dir.is_dir():
            return Runs(runs=(), more=False)
        try:
            own = (r for r in list_runs(desk.folders.runs_dir, wanted) if not r.folder.is_symlink())
            listed = list(islice(own, offset, offset + limit + 1))
        except OhgwError as error:
            raise tool_error(error) from error
        return Runs(
            runs=tuple(_line(run.id, run.header, run.problem) for run in listed[:limit]),
            more=len(listed) > limit,
        )

    return list_runs


def _line(run: str, header: dict[str, object], problem: str) -> RunLine:
    texts: dict[str, Any] = {
        key: str(header.get(key) or "")
        for key in ("status", "stop", "experiment", "bundle", "started")
    }
    numbers: dict[str, Any] = {
        key: value if isinstance(value := header.get(key), int) else None
        for key in ("attempts", "errors_left")
    }
    return RunLine(run=run, problem=problem, **texts, **numbers)
