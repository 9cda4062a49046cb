"""Processes: workers on this machine, forked from a process that has imported everything once."""

from __future__ import annotations

import multiprocessing
import pkgutil
import queue
import signal
import threading
from contextlib import suppress
from importlib import import_module
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from typing import Any

from ohgw_agent.batch.item import BatchPlan
from ohgw_agent.batch.worker import work
from ohgw_agent.batch.workforce import Words

JUDGING = ["ohgw_agent.batch.worker", "ohgw_tools.check", "ohgw_tools.interpreter"]
PRELOAD = [
    *JUDGING,
    "ohgw_agent.graph",
    "ohgw_agent.review",
    "ohgw_agent.proposers.chat",
    "ohgw_agent.proposers.recipes",
    "ohgw_tools.editing.patch",
    "ohgw_tools.editing.patch_text",
    "ohgw_tools.environments.data_cache",
    "ohgw_tools.knowledge",
    "ohgw_tools.sandbox_choice",
    "libcst",
    "pyflakes.checker",
    "ohgw_agent.openai_chat",
]
# What every bundle is judged by: imported once, not in each worker anew.
FOUND = ["ohgw_tools.rules", "ohgw_tools.guards"]
FAREWELL_SECONDS = 10


def begin(plan: BatchPlan) -> None:
    """Let the process that workers are forked from begin to import, if it has not yet. Returns at
    once: there is time for other things until the first worker is asked for.
    """
    modules = [*(JUDGING if plan.judge_only else PRELOAD)]
    for package in FOUND if modules else ():
        path = import_module(package).__path__
        modules += [f"{package}.{module.name}" for module in pkgutil.iter_modules(path)]
    forkserver.set_forkserver_preload(modules)
    forkserver.ensure_running()


class Processes:
    """At most `most` workers. Safe to use by one thread that listens and another that speaks: each
    pipe is read, and closed, by a thread of its own.
    """

    def __init__(self, plan: BatchPlan, most: int, site: str = "here") -> None:
        self._plan = plan
        self._most = most
        self._site = site
        self._heard: queue.SimpleQueue[tuple[int, Words]] = queue.SimpleQueue()
        self._processes: dict[int, Any] = {}
        self._pipes: dict[int, Connection] = {}
        self._readers: dict[int, threading.Thread] = {}
        self._context = multiprocessing.get_context("forkserver")
        begin(plan)

    def room(self) -> int:
        """How many more workers could be started now."""
        return self._most - len(self._pipes)

    def start(self, number: int) -> str:
        """Start a worker and return this machine's site; that it cannot be started is heard."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(theirs, self._plan), daemon=True)
        try:
            process.start()
        except (OSError, EOFError) as error:
            ours.close()
            self._heard.put((number, ("ended", f"its worker could not be started: {error}")))
            return self._site
        finally:
            theirs.close()
        self._processes[number], self._pipes[number] = process, ours
        reader = threading.Thread(target=self._read, args=(number, ours, process), daemon=True)
        self._readers[number] = reader
        reader.start()
        return self._site

    def tell(self, number: int, words: Words) -> None:
        """Say something to a worker; that a worker has died is heard, not told."""
        pipe = self._pipes.get(number)
        if pipe is not None:
            with suppress(OSError):
                pipe.send(words)

    def stop(self, number: int) -> None:
        """End a worker at once."""
        process = self._processes.get(number)
        if process is not None:
            process.kill()

    def listen(self, seconds: float) -> list[tuple[int, Words]]:
        """Return what workers have said."""
        try:
            said = [self._heard.get(timeout=seconds)]
        except queue.Empty:
            return []
        while not self._heard.empty():
            said.append(self._heard.get())
        return said

    def close(self) -> None:
        """End all workers and wait for them."""
        for process in list(self._processes.values()):
            process.kill()
        for reader in list(self._readers.values()):
            reader.join(FAREWELL_SECONDS)

    def _read(self, number: int, pipe: Connection, process: Any) -> None:
        with suppress(EOFError, OSError):
            while True:
                self._heard.put((number, pipe.recv()))
        process.join(FAREWELL_SECONDS)
        why = _ending(process.exitcode)
        for table in (self._pipes, self._processes, self._readers):
            table.pop(number, None)
        pipe.close()
        self._heard.put((number, ("ended", why)))


def _ending(code: int | None) -> str:
    """Say in words how a process ended."""
    if code == -signal.SIGKILL:
        return "its worker was killed (SIGKILL; where memory ran out, the kernel does that)"
    if code is not None and code < 0:
        return f"its worker died of {signal.Signals(-code).name}"
    return f"its worker died (exit code {code})"
