"""Embedding: the loop inside somebody else's program: awaited, streamed, cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

from ohgw_agent.notice import Notice
from ohgw_agent.outcome import Trace
from ohgw_agent.repair import fix
from ohgw_agent.settings import Settings
from ohgw_tools.bundle import Bundle


async def afix(bundle: Bundle, settings: Settings | None = None, **options: Any) -> Trace:
    """Await `fix`, with the same options. Cancelling ends the run soon, as interrupted, with its
    record closed and no program left running; `resume` goes on from there.
    """
    cancel: threading.Event = options.pop("cancel", None) or threading.Event()
    running = asyncio.ensure_future(
        asyncio.to_thread(fix, bundle, settings, cancel=cancel, **options)
    )
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        cancel.set()
        await asyncio.wait([running])  # the record is closed and the sandbox gone before we go
        raise


async def astream(
    bundle: Bundle, settings: Settings | None = None, **options: Any
) -> AsyncIterator[Notice | Trace]:
    """Yield each Notice as it happens and, last, the Trace. Leaving the loop cancels the run."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Notice | None] = asyncio.Queue()

    def watch(notice: Notice) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, notice)

    running = asyncio.ensure_future(afix(bundle, settings, watch=watch, **options))
    running.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while (notice := await queue.get()) is not None:
            yield notice
        yield await running
    finally:
        if not running.done():
            running.cancel()
            await asyncio.wait([running])
