"""Embedding: the loop inside somebody else's program: awaited, streamed, cancelled."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Unpack

from ohgw_agent.fix_options import FixOptions
from ohgw_agent.notice import Notice, ignore
from ohgw_agent.outcome import Trace
from ohgw_agent.repair import fix
from ohgw_agent.settings import Settings
from ohgw_tools.bundle import Bundle


async def afix(
    bundle: Bundle, settings: Settings | None = None, **options: Unpack[FixOptions]
) -> Trace:
    """Await `fix`, with the same options and errors, in a thread of its own.

    Cancelling ends the run as interrupted and then raises CancelledError: when it is raised the
    record is closed and no program is left running, and `resume` can go on. A step that is in hand
    is ended at once if it is a model call or a program in a sandbox, and waited for otherwise.
    """
    cancel = options.get("cancel") or threading.Event()
    options["cancel"] = cancel
    call = partial(contextvars.copy_context().run, partial(fix, bundle, settings, **options))
    # A thread of our own: a few long runs would leave the loop's shared ones to nobody else.
    executor = ThreadPoolExecutor(1, thread_name_prefix="ohgw-fix")
    running = asyncio.get_running_loop().run_in_executor(executor, call)
    executor.shutdown(wait=False)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError as cancelled:
        cancel.set()
        await _over(running)
        raise cancelled from running.exception()


async def astream(
    bundle: Bundle, settings: Settings | None = None, **options: Unpack[FixOptions]
) -> AsyncGenerator[Notice | Trace, None]:
    """Yield each Notice as it happens and, last, the Trace. Options and errors are those of `fix`.

    Leaving the loop early cancels the run. Close the generator to wait until it is over:
    `async with contextlib.aclosing(astream(bundle)) as events`.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Notice | None] = asyncio.Queue()
    other = options.get("watch", ignore)

    def watch(notice: Notice) -> None:
        other(notice)
        loop.call_soon_threadsafe(queue.put_nowait, notice)

    options["watch"] = watch
    running = asyncio.ensure_future(afix(bundle, settings, **options))
    running.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while (notice := await queue.get()) is not None:
            yield notice
        yield await running
    finally:
        running.cancel()
        await _over(running)
        if not running.cancelled():
            running.exception()  # seen: whoever left early does not want it


async def _over(running: asyncio.Future[Any]) -> None:
    """Wait until a run is over, however often the waiting is cancelled."""
    import anyio

    # Inside anyio's task groups a cancelled scope cancels each wait anew, in a busy loop.
    with anyio.CancelScope(shield=True):
        while not running.done():
            try:
                await asyncio.wait([running])
            except asyncio.CancelledError:
                continue
