"""Foreman: gives bundles to workers, leave to those who ask, and loses nothing when one dies."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ohgw_agent.batch.arbiter import Arbiter, Call
from ohgw_agent.batch.asker import Asker, retry_after
from ohgw_agent.batch.item import BatchPlan, Item
from ohgw_agent.batch.results import Results, Row
from ohgw_agent.batch.workforce import Words, Workforce
from ohgw_agent.chat_model import Reply
from ohgw_tools.errors import EngineFailed

TICK_SECONDS = 0.2
ANSWER_SECONDS = 0.02  # while calls go on, which end on threads of their own
MOST_STILLBORN = 20  # workers in a row that die before they ask for a bundle
MOST_LOSSES = 5  # machines that a bundle may lose before it is thought to be what ends them
Progress = Callable[[Row], None]


@dataclass
class Hand:
    """What a worker is doing, since when, and until when it may."""

    site: str
    item: Item | None = None
    began: float = 0.0
    deadline: float = float("inf")
    done: int = 0
    idle: bool = False
    alive: bool = False


class Foreman:
    """Runs a batch to its end in one thread, wherever the workers are."""

    def __init__(
        self,
        plan: BatchPlan,
        results: Results,
        arbiter: Arbiter,
        asker: Asker,
        workforce: Workforce,
    ) -> None:
        self._plan = plan
        self._results = results
        self._arbiter = arbiter
        self._asker = asker
        self._workforce = workforce
        self._configuration = plan.configuration
        self._todo: deque[Item] = deque()
        self._tries: dict[str, int] = {}
        self._losses: dict[str, int] = {}
        self._hands: dict[int, Hand] = {}
        self._hired = 0
        self._stillborn = 0

    def run(self, items: list[Item], progress: Progress) -> None:
        """Do every item; `progress` is told each row as it comes. Ends its workers in any case.
        Raises EngineFailed if none can be started.
        """
        self._todo.extend(items)
        self._progress = progress
        try:
            while self._todo or any(hand.item for hand in self._hands.values()):
                self._hire()
                seconds = ANSWER_SECONDS if self._asker.busy else TICK_SECONDS
                for number, words in self._workforce.listen(seconds):
                    if number in self._hands:
                        self._heard(number, words)
                self._hurry()
                self._answers()
                self._turns()
        finally:
            self._asker.close()
            self._workforce.close()

    def _answers(self) -> None:
        """Pass on what models have answered."""
        for call, answer, paid in self._asker.heard():
            if isinstance(answer, Reply):
                text = answer.model_dump_json()
                cost = (answer.input_tokens + answer.output_tokens, answer.cost_micro_usd or 0)
                self._arbiter.answered(call, text, *(cost if paid else (0, 0)))
                self._workforce.tell(call.worker, (call.ticket, "known", text))
                continue
            self._arbiter.unanswered(call, retry_after(answer))
            again = self._asker.again(call, answer)
            if again is None:
                self._workforce.tell(call.worker, (call.ticket, "failed", answer))
            elif call.worker in self._hands:
                self._arbiter.ask(again)

    def _turns(self) -> None:
        told, due = self._arbiter.turn()
        for number, words in told:
            self._workforce.tell(number, words)
        for call in due:
            self._asker.ask(call)

    def _hire(self) -> None:
        wanted = min(self._plan.jobs, len(self._todo) + len(self._hands))
        while len(self._hands) < wanted and self._workforce.room() > 0:
            self._hired += 1
            self._hands[self._hired] = Hand(site=self._workforce.start(self._hired))
        for number, hand in self._hands.items():
            if hand.idle and self._todo:
                self._give(number, hand)

    def _heard(self, number: int, words: Words) -> None:
        word, *rest = words
        hand = self._hands[number]
        if word == "free":
            hand.idle = hand.alive = True
            self._stillborn = 0
            if hand.done >= self._plan.recycle_after:
                self._let_go(number)
                self._workforce.tell(number, ("stop",))
        elif word == "started":
            self._started(number, hand, *rest)
        elif word == "hold":
            self._arbiter.hold(number, hand.site, *rest)
        elif word == "release":
            self._arbiter.release(number, *rest)
        elif word == "ask":
            self._arbiter.ask(Call(number, *rest))
        elif word == "done":
            self._done(hand, *rest)
        else:
            self._ended(number, hand, str(rest[0]), lost=word == "lost")

    def _started(self, number: int, hand: Hand, ticket: int, run: str) -> None:
        """Note which run a bundle is in, on disk, before anything is paid for in it."""
        if hand.item is not None:
            self._results.begin(hand.item.digest, self._configuration, run)
        self._workforce.tell(number, (ticket, "go"))

    def _give(self, number: int, hand: Hand) -> None:
        item = self._todo.popleft()
        hand.item, hand.idle, hand.began = item, False, time.monotonic()
        seconds = self._plan.settings.budget.seconds
        if seconds is not None:
            hand.deadline = hand.began + seconds + self._plan.grace_seconds
        key = (item.digest, self._configuration)
        run = self._results.begun.get(key)
        if self._results.rows.get(key, {}).get("capped"):
            run = None  # it ended for the batch's cap, and ended it is; its answers are known
        self._workforce.tell(number, ("item", item, run))

    def _done(self, hand: Hand, row: Row, facts: Row) -> None:
        item, hand.item = hand.item, None
        hand.done += 1
        hand.deadline = float("inf")
        if item is not None:
            self._add(item, row, {**facts, "site": hand.site, **_seconds(hand)})

    def _hurry(self) -> None:
        """Kill workers that are long over their time: their budget should have ended them."""
        now = time.monotonic()
        for number, hand in list(self._hands.items()):
            if hand.item is not None and now > hand.deadline:
                self._workforce.stop(number)
                self._let_go(number)
                row = _could_not_run("took too long and was killed")
                self._add(hand.item, row, {"site": hand.site, **_seconds(hand)})

    def _ended(self, number: int, hand: Hand, why: str, *, lost: bool) -> None:
        """Take a dead worker's bundle back: it is tried again, or it is lost alone."""
        self._let_go(number)
        item = hand.item
        if item is None:
            self._stillborn += not (hand.alive or lost)
            if self._stillborn >= MOST_STILLBORN:
                raise EngineFailed(f"no worker can be started, the last one tried: {why}")
            return
        count, most = (self._losses, MOST_LOSSES) if lost else (self._tries, self._plan.tries)
        count[item.digest] = count.get(item.digest, 0) + 1
        if count[item.digest] < most:
            self._todo.append(item)
        else:
            self._add(item, _could_not_run(why), {"site": hand.site, **_seconds(hand)})

    def _let_go(self, number: int) -> None:
        del self._hands[number]
        self._arbiter.forget(number)

    def _add(self, item: Item, row: Row, facts: Row) -> None:
        facts = {
            **facts,
            "deaths": self._tries.get(item.digest, 0),
            "losses": self._losses.get(item.digest, 0),
        }
        key = {"digest": item.digest, "configuration": self._configuration}
        whole = {"bundle": item.place, **key, **row}
        self._results.add(whole, facts)
        self._progress({**whole, **facts})


def _could_not_run(why: str) -> Row:
    return {"stop": "could not run", "exit_code": 5, "ready": False, "why": why}


def _seconds(hand: Hand) -> Row:
    return {"seconds": round(time.monotonic() - hand.began, 3)}
