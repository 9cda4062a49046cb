"""Arbiter: who may go on. Places for judging, sandboxes and model calls; rates; one budget."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ohgw_agent.batch.item import BatchPlan

MAX_KNOWN = 10_000
MINUTE = 60.0


@dataclass
class Call:
    """A model call that waits or goes on: who asks, what it may cost at most."""

    worker: int
    key: str
    tokens: int
    micro_usd: int | None


@dataclass
class Spent:
    """What the batch has paid, and what the calls that go on may still cost."""

    tokens: int = 0
    micro_usd: int = 0
    calls: int = 0
    shared: int = 0
    going_on: dict[int, Call] = field(default_factory=dict)


class Arbiter:
    """Gives leave, in order of asking. Never blocks: `turn` gives what can be given now."""

    def __init__(self, plan: BatchPlan, clock: Callable[[], float] = time.monotonic) -> None:
        self._plan = plan
        self._clock = clock
        self._free = {"judging": plan.judging, "sandbox": plan.sandboxes}
        self._held: list[tuple[int, str]] = []
        self._waiting: deque[tuple[int, str]] = deque()
        self._calls: deque[Call] = deque()
        self._known: OrderedDict[str, str] = OrderedDict()
        self._minute: deque[tuple[float, int]] = deque()
        self._paused_until = 0.0
        self.spent = Spent()

    def hold(self, worker: int, kind: str) -> None:
        """Let a worker wait for a place."""
        self._waiting.append((worker, kind))

    def release(self, worker: int, kind: str) -> None:
        """Take a place back."""
        self._held.remove((worker, kind))
        self._free[kind] += 1

    def ask(self, call: Call) -> None:
        """Let a call wait for its turn."""
        self._calls.append(call)

    def answered(self, worker: int, reply: str, tokens: int, micro_usd: int) -> None:
        """Note an answer: it is what everyone else who asks the same is told."""
        call = self.spent.going_on.pop(worker)
        self.spent.tokens += tokens
        self.spent.micro_usd += micro_usd
        self.learn(call.key, reply)

    def learn(self, key: str, reply: str) -> None:
        """Remember the answer to a question, the last ten thousand of them."""
        self._known[key] = reply
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    def unanswered(self, worker: int, retry_after: float | None) -> None:
        """Note that no answer came. A Retry-After holds for everyone."""
        self.spent.going_on.pop(worker, None)
        if retry_after is not None:
            self._paused_until = max(self._paused_until, self._clock() + retry_after)

    def forget(self, worker: int) -> None:
        """Take back everything from a worker that has died."""
        for held in [h for h in self._held if h[0] == worker]:
            self.release(*held)
        self.spent.going_on.pop(worker, None)
        self._waiting = deque(w for w in self._waiting if w[0] != worker)
        self._calls = deque(c for c in self._calls if c.worker != worker)

    def turn(self) -> list[tuple[int, tuple[str, ...]]]:
        """Return the answers that can be given now: worker and words."""
        return [*self._places(), *self._model_turns()]

    def _places(self) -> list[tuple[int, tuple[str, ...]]]:
        given: list[tuple[int, tuple[str, ...]]] = []
        still: deque[tuple[int, str]] = deque()
        for worker, kind in self._waiting:
            if self._free[kind] > 0:
                self._free[kind] -= 1
                self._held.append((worker, kind))
                given.append((worker, ("go",)))
            else:
                still.append((worker, kind))
        self._waiting = still
        return given

    def _model_turns(self) -> list[tuple[int, tuple[str, ...]]]:
        given: list[tuple[int, tuple[str, ...]]] = []
        still: deque[Call] = deque()
        for call in self._calls:
            words = self._words(call)
            if words is None:
                still.append(call)
            else:
                given.append((call.worker, words))
        self._calls = still
        return given

    def _words(self, call: Call) -> tuple[str, ...] | None:
        """Return what to tell a caller, None to let it wait."""
        if call.key in self._known:
            self.spent.shared += 1
            return ("known", self._known[call.key])
        going_on = self.spent.going_on.values()
        if any(other.key == call.key for other in going_on):
            return None  # somebody is asking just that: wait for the answer
        over = self._over(call)
        if over is not None:
            return ("spent", *over)
        if len(self.spent.going_on) >= self._plan.model_calls or not self._rate_allows(call):
            return None
        self.spent.going_on[call.worker] = call
        self.spent.calls += 1
        self._minute.append((self._clock(), call.tokens))
        return ("go",)

    def _over(self, call: Call) -> tuple[str, str] | None:
        """Say which cap of the batch this call could pass, with all that go on at their worst."""
        going_on = list(self.spent.going_on.values())
        if self._plan.tokens is not None:
            worst = self.spent.tokens + sum(c.tokens for c in going_on) + call.tokens
            if worst > self._plan.tokens:
                return ("tokens", f"the batch's cap of {self._plan.tokens} tokens")
        if self._plan.usd is not None:
            if call.micro_usd is None:
                return ("usd", "the model's price is not known: give --price or drop --usd")
            worst = self.spent.micro_usd + sum(c.micro_usd or 0 for c in going_on) + call.micro_usd
            if worst > self._plan.usd * 1_000_000:
                return ("usd", f"the batch's cap of ${self._plan.usd}")
        return None

    def _rate_allows(self, call: Call) -> bool:
        now = self._clock()
        if now < self._paused_until:
            return False
        while self._minute and self._minute[0][0] <= now - MINUTE:
            self._minute.popleft()
        limit = self._plan.requests_per_minute
        if limit is not None and len(self._minute) >= limit:
            return False
        limit = self._plan.tokens_per_minute
        used = sum(tokens for _, tokens in self._minute)
        # A call that is larger than the whole minute's share goes alone: it could never go else.
        return limit is None or used + call.tokens <= limit or not self._minute
