"""`validate`: one verdict on a bundle; nothing is changed."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import Context

from ohgw_agent.mcp_server import answers, asked
from ohgw_agent.mcp_server.desk import Desk, Say

if TYPE_CHECKING:
    from ohgw_agent.settings import Settings
    from ohgw_tools.verdict import Judgement

TITLE = "Judge a bundle"
WRITES = False


def tool(desk: Desk) -> Callable[..., Awaitable[answers.Verdicts]]:
    """Return the tool."""

    async def validate(
        context: Context[Any, Any],
        bundle: str,
        contract: str = "",
        static_only: bool = False,
        select: tuple[str, ...] = (),
        ignore: tuple[str, ...] = (),
        offset: answers.Page = 0,
        limit: answers.Count = 50,
    ) -> answers.Verdicts:
        """Judge an experiment bundle on evidence and change nothing.

        `bundle` is its JSON file or unpacked folder. `contract` is a built-in contract's name or a
        YAML file; empty takes the server's. With `static_only` the code is not run. `select` asks
        these rules alone, `ignore` leaves rules out (patterns such as `placeholder-*`).
        """

        narrowing = (select, ignore)

        def work(cancel: threading.Event, say: Say) -> answers.Verdicts:
            settings = asked.settings(desk, contract, static_only)
            judgement = _judged(desk, bundle, settings, narrowing, say, cancel)
            return answers.verdicts(judgement, offset, limit)

        return await desk.do(context, work)

    return validate


def _judged(
    desk: Desk,
    bundle: str,
    settings: Settings,
    narrowing: tuple[tuple[str, ...], tuple[str, ...]],
    say: Say,
    cancel: threading.Event,
) -> Judgement:
    from ohgw_agent import crew
    from ohgw_tools.bundles.bundle_file import load
    from ohgw_tools.judging import judge
    from ohgw_tools.rule import narrowed

    contract = asked.contract(settings)
    if any(narrowing):
        contract = narrowed(contract, *narrowing)
    given = load(desk.folders.bundle(bundle))
    how = crew.execution(settings)
    return judge(
        given,
        contract,
        sandbox=how.sandbox or "none",
        static_only=settings.static_only,
        environment_options=how.environment,
        allow_hosts=how.allow_hosts,
        data=how.data,
        observe=how.observe,
        deep=how.deep,
        repeat=how.repeat,
        on_progress=say,
        cancel=cancel,
    )
