"""Foreman: gives bundles to workers, leave to those who ask, and loses nothing when one dies."""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from ohgw_agent.batch.arbiter import Arbiter, Call
from ohgw_agent.batch.item import BatchPlan, Item
from ohgw_agent.batch.results import Results, Row
from ohgw_agent.batch.worker import work

TICK_SECONDS = 0.2
Progress = Callable[[Row], None]

PRELOAD = [
    "ohgw_agent.batch.worker",
    "ohgw_agent.graph",
    "ohgw_agent.review",
    "ohgw_agent.proposers.chat",
    "ohgw_agent.proposers.recipes",
    "ohgw_tools.check",
    "ohgw_tools.editing.patch",
    "libcst",
    "langchain_openai",
]


@dataclass
class Hand:
    """A worker process and what it is doing."""

    process: Any
    pipe: Connection
    item: Item | None = None
    deadline: float = float("inf")
    done: int = 0
    idle: bool = False


class Foreman:
    """Runs a batch to its end in one thread."""

    def __init__(self, plan: BatchPlan, results: Results, arbiter: Arbiter) -> None:
        self._plan = plan
        self._results = results
        self._arbiter = arbiter
        self._configuration = plan.configuration
        self._todo: deque[Item] = deque()
        self._tries: dict[str, int] = {}
        self._hands: dict[int, Hand] = {}
        self._hired = 0
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)

    def run(self, items: list[Item], progress: Progress) -> None:
        """Do every item; `progress` is told each row as it comes. Ends its workers in any case."""
        self._todo.extend(items)
        self._progress = progress
        try:
            while self._todo or any(hand.item for hand in self._hands.values()):
                self._hire()
                self._listen()
                self._hurry()
                for number, words in self._arbiter.turn():
                    self._answer(number, words)
        finally:
            for number in list(self._hands):
                self._dismiss(number)

    def _hire(self) -> None:
        wanted = min(self._plan.jobs, len(self._todo) + len(self._hands))
        while len(self._hands) < wanted:
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=work, args=(theirs, self._plan), daemon=True)
            process.start()
            theirs.close()
            self._hired += 1
            self._hands[self._hired] = Hand(process=process, pipe=ours)
        for number, hand in list(self._hands.items()):
            if hand.idle and self._todo:
                self._give(number, hand)

    def _listen(self) -> None:
        pipes = {hand.pipe: number for number, hand in self._hands.items()}
        for pipe in wait(list(pipes), TICK_SECONDS):
            number = pipes[pipe]  # type: ignore[index]
            try:
                message = self._hands[number].pipe.recv()
            except (EOFError, OSError):
                self._died(number)
                continue
            self._heard(number, message)

    def _heard(self, number: int, message: tuple[Any, ...]) -> None:
        word, *rest = message
        hand = self._hands[number]
        if word == "free":
            hand.idle = True
            if hand.done >= self._plan.recycle_after:
                self._dismiss(number)
        elif word == "started":
            assert hand.item is not None
            self._results.begin(hand.item.digest, self._configuration, rest[0])
            self._answer(number, ("go",))
        elif word == "hold":
            self._arbiter.hold(number, rest[0])
        elif word == "release":
            self._arbiter.release(number, rest[0])
        elif word == "ask":
            self._arbiter.ask(Call(number, *rest))
        elif word == "answered":
            self._arbiter.answered(number, *rest[1:])
        elif word == "unanswered":
            self._arbiter.unanswered(number, rest[1])
        elif word == "done":
            item, hand.item, hand.done = hand.item, None, hand.done + 1
            assert item is not None
            self._add(item, rest[0])

    def _give(self, number: int, hand: Hand) -> None:
        item = self._todo.popleft()
        hand.item, hand.idle = item, False
        seconds = self._plan.settings.budget.seconds
        if seconds is not None:
            hand.deadline = time.monotonic() + seconds + self._plan.grace_seconds
        run = self._results.begun.get((item.digest, self._configuration))
        self._answer(number, ("item", item, run))

    def _answer(self, number: int, words: tuple[Any, ...]) -> None:
        hand = self._hands.get(number)
        if hand is None:
            return
        try:
            hand.pipe.send(words)
        except (BrokenPipeError, OSError):
            self._died(number)

    def _hurry(self) -> None:
        """Kill workers that are long over their time: their budget should have ended them."""
        now = time.monotonic()
        for number, hand in list(self._hands.items()):
            if hand.item is not None and now > hand.deadline:
                hand.process.kill()
                self._died(number)

    def _died(self, number: int) -> None:
        """Take a dead worker's bundle back: it is tried again, or it is lost alone."""
        hand = self._hands[number]
        item = hand.item
        late = time.monotonic() > hand.deadline
        self._dismiss(number)
        if item is None:
            return
        self._tries[item.digest] = self._tries.get(item.digest, 0) + 1
        if self._tries[item.digest] < self._plan.tries and not late:
            self._todo.append(item)
            return
        code = hand.process.exitcode
        why = "took too long and was killed" if late else f"its worker died (exit code {code})"
        self._add(item, {"stop": "could not run", "exit_code": 5, "why": why})

    def _dismiss(self, number: int) -> None:
        hand = self._hands.pop(number)
        self._arbiter.forget(number)
        if hand.idle:
            try:
                hand.pipe.send(("stop",))
            except OSError:
                hand.process.kill()
        else:
            hand.process.kill()
        hand.process.join(10)
        hand.pipe.close()

    def _add(self, item: Item, row: Row) -> None:
        tries = self._tries.get(item.digest, 0) + 1
        whole = {
            "bundle": item.place,
            "digest": item.digest,
            "configuration": self._configuration,
            "tries": tries,
            **row,
        }
        self._results.add(whole)
        self._progress(whole)
