"""`fix`: repair a bundle until it is ready or there is a reason to stop."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import BaseModel, Field

from ohgw_agent.mcp_server import answers, asked
from ohgw_agent.mcp_server.desk import Desk, Say
from ohgw_tools.errors import TraceError
from ohgw_tools.frozen import FROZEN

if TYPE_CHECKING:
    from ohgw_agent.notice import Notice
    from ohgw_agent.outcome import Trace
    from ohgw_agent.settings import Settings

TITLE = "Repair a bundle"
WRITES = True


class Repaired(BaseModel):
    """What came of a repair. `output` is the file with the best bundle, ready or not; empty where
    it could not be written because it holds a secret and no `output` was named. `run` is the
    record's id, for `show_run` and `blame`; `head` proves later that nothing in it was altered.
    """

    model_config = FROZEN

    ready: bool
    stop: str
    why: str
    run: str
    output: str
    attempts: tuple[answers.Try, ...]
    judgement: answers.Verdicts | None
    tokens: int
    usd: float
    seconds: float
    head: str


def tool(desk: Desk) -> Callable[..., Awaitable[Repaired]]:
    """Return the tool."""

    async def fix(
        context: Context[Any, Any],
        bundle: str,
        output: str = "",
        overwrite: bool = False,
        contract: str = "",
        static_only: bool = False,
        attempts: Annotated[int, Field(ge=0, le=1000)] | None = None,
        seconds: Annotated[float, Field(gt=0, le=1e7)] | None = None,
        limit: answers.Count = 50,
    ) -> Repaired:
        """Repair an experiment bundle with small patches until it is ready or a budget is spent.

        `bundle` is never changed: the best bundle goes to `output`, a `.json` file, or, if that is
        empty, into the record. `attempts` and `seconds` lower the server's budget. Progress is
        reported step by step. Cancelling ends the run soon; it stays on record as interrupted and
        `ohgw-agent resume RUN` goes on with it.
        """

        def work(cancel: threading.Event, say: Say) -> Repaired:
            if output:  # a wrong name is said now, not in an hour
                desk.folders.writable(output, overwrite=overwrite)
            settings = asked.settings(desk, contract, static_only, attempts, seconds)
            trace = _repair(desk, bundle, settings, say, cancel)
            return _repaired(trace, _delivered(desk, trace, output, overwrite), limit)

        return await desk.do(context, work)

    return fix


def _repair(
    desk: Desk, bundle: str, settings: Settings, say: Say, cancel: threading.Event
) -> Trace:
    from ohgw_agent.repair import fix
    from ohgw_tools.bundles.bundle_file import load

    return fix(
        load(desk.folders.bundle(bundle)),
        settings,
        runs_dir=desk.folders.runs_dir,
        watch=lambda notice: say(_words(notice)),
        cancel=cancel,
    )


def _delivered(desk: Desk, trace: Trace, output: str, overwrite: bool) -> str:
    """Write the best bundle and return where. Raises InputError, TraceError."""
    from ohgw_agent.delivery import deliver
    from ohgw_tools.bundles.bundle_file import save

    if not output:
        return str(deliver(trace) or "")
    place = desk.folders.writable(output, overwrite=overwrite)
    try:
        save(trace.bundle, place)
    except OSError as error:
        raise TraceError(
            f"cannot write {output!r}: {error.strerror}; run {trace.run_id} holds the best bundle:"
            " call `show_run`, or fix again without `output`"
        ) from error
    return str(place)


def _words(notice: Notice) -> str:
    where = f"attempt {notice.number} " if notice.number else ""
    what = " ".join(word for word in (notice.kind, notice.stage, notice.status) if word)
    left = f", {notice.left} errors left" if notice.left is not None else ""
    return f"{where}{what}{left}" + (f": {notice.text}" if notice.text else "")


def _repaired(trace: Trace, output: str, limit: int) -> Repaired:
    spend = trace.spend
    return Repaired(
        ready=trace.ready,
        stop=trace.stop,
        why=trace.why,
        run=trace.run_id,
        output=output,
        attempts=tuple(answers.attempt(made) for made in trace.attempts),
        judgement=answers.verdicts(trace.judgement, 0, limit) if trace.judgement else None,
        tokens=spend.input_tokens + spend.output_tokens,
        usd=spend.micro_usd / 1_000_000,
        seconds=spend.elapsed_ms / 1000,
        head=trace.head,
    )
