"""Desk: what the tools work with; how blocking work is done for a call that may be cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import ObjectReceiveStream
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from ohgw_agent.cli.discretion import discreet
from ohgw_agent.cli.terminal import harmless
from ohgw_agent.mcp_server.folders import Folders
from ohgw_agent.settings import Settings
from ohgw_tools.errors import OhgwError

Answer = TypeVar("Answer")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Desk:
    """What a server was started with. Clients may ask for less than `settings` allow, not more.

    `slow` bounds how many judgements and repairs run at a time; others wait, in order.
    """

    folders: Folders
    settings: Settings
    slow: anyio.CapacityLimiter

    async def do(
        self, context: Context[Any, Any], work: Callable[[threading.Event, Say], Answer]
    ) -> Answer:
        """Run `work(cancel, say)` in a thread; what it says goes to the client as progress.

        When the call is cancelled, `cancel` is set and the thread waited for, so that no program is
        left running. Raises ToolError with the words of our own errors.
        """
        cancel = threading.Event()
        send, receive = anyio.create_memory_object_stream[str](float("inf"))
        loop = asyncio.get_running_loop()

        def pass_on(text: str) -> None:
            try:
                send.send_nowait(text)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return  # cancelled: nobody listens any more

        def work_aloud() -> Answer | OhgwError:
            try:
                return work(cancel, lambda text: _soon(loop, pass_on, text))
            except OhgwError as error:
                return error

        async with anyio.create_task_group() as group:
            group.start_soon(_set_when_cancelled, cancel)
            async with anyio.create_task_group() as reporting:
                reporting.start_soon(_report, context, receive)
                with send:
                    async with self.slow:
                        answer = await anyio.to_thread.run_sync(work_aloud)
            group.cancel_scope.cancel()
        if isinstance(answer, OhgwError):
            raise tool_error(answer) from answer
        return answer


def tool_error(error: OhgwError) -> ToolError:
    """Return one of our errors in the form that a client is shown, with its words made harmless."""
    return ToolError(harmless(discreet(str(error)), lines=True))


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[str], None], text: str) -> None:
    loop.call_soon_threadsafe(call, text)


async def _set_when_cancelled(cancel: threading.Event) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        cancel.set()


async def _report(context: Context[Any, Any], said: ObjectReceiveStream[str]) -> None:
    number = 0
    async for text in said:
        number += 1
        await context.report_progress(number, message=harmless(discreet(text), limit=300))
