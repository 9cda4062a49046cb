"""Arbiter: who may go on. Places for judging and sandboxes, model calls, rates; one budget."""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ohgw_agent.batch.item import BatchPlan
from ohgw_agent.batch.workforce import Words
from ohgw_agent.chat_model import Question

MAX_KNOWN = 10_000
MINUTE = 60.0
LONG = 60.0  # seconds after which a place no longer counts as taken: its holder may be hung
Turn = tuple[int, Words]


@dataclass(frozen=True)
class Call:
    """A model call that waits or goes on: who asks what of which model, and what it may cost at
    most (`micro_usd` in millionths of a dollar, None where the price is not known). `tries` counts
    this one; it waits until the clock shows `not_before`.
    """

    worker: int
    ticket: int
    key: str
    model: str
    question: Question
    tokens: int
    micro_usd: int | None
    tries: int = 1
    not_before: float = 0.0

    def once_more(self, not_before: float) -> Call:
        """Return the call that comes after this one."""
        return replace(self, tries=self.tries + 1, not_before=not_before)


@dataclass(frozen=True)
class Wish:
    """A place that is waited for, or held: of which kind, on which site."""

    worker: int
    ticket: int
    site: str
    kind: str


@dataclass
class Spent:
    """What the batch has paid: earlier sessions of it, this one; and the calls that go on."""

    earlier_tokens: int = 0
    earlier_micro_usd: int = 0
    tokens: int = 0
    micro_usd: int = 0
    calls: int = 0
    shared: int = 0
    going_on: dict[tuple[int, int], Call] = field(default_factory=dict)


class Arbiter:
    """Gives leave, in order of asking. Never blocks: `turn` gives what can be given now. Places are
    counted for each site, calls and rates and money over all of them.
    """

    def __init__(self, plan: BatchPlan, clock: Callable[[], float] = time.monotonic) -> None:
        self._plan = plan
        self._clock = clock
        self._most = {"judging": plan.judging, "sandbox": plan.sandboxes}
        self._taken: dict[tuple[str, str], int] = defaultdict(int)
        self._held: dict[tuple[int, int], tuple[Wish, float]] = {}
        self._waiting: deque[Wish] = deque()
        self._calls: deque[Call] = deque()
        self._known: OrderedDict[str, str] = OrderedDict()
        self._minute: deque[tuple[float, int]] = deque()
        self._paused_until = 0.0
        self.spent = Spent()

    def hold(self, worker: int, site: str, ticket: int, kind: str) -> None:
        """Let a worker wait for a place."""
        self._waiting.append(Wish(worker, ticket, site, kind))

    def release(self, worker: int, ticket: int) -> None:
        """Take a place back that was held under this ticket."""
        held = self._held.pop((worker, ticket), None)
        if held is not None:
            self._taken[held[0].site, held[0].kind] -= 1

    def ask(self, call: Call) -> None:
        """Let a call wait for its turn."""
        self._calls.append(call)

    def answered(self, call: Call, reply: str, tokens: int, micro_usd: int) -> None:
        """Note an answer: it is what everyone else who asks the same is told."""
        del self.spent.going_on[call.worker, call.ticket]
        self.spent.tokens += tokens
        self.spent.micro_usd += micro_usd
        self.learn(call.key, reply)

    def learn(self, key: str, reply: str) -> None:
        """Remember the answer to a question, the last ten thousand of them."""
        self._known[key] = reply
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    def unanswered(self, call: Call, retry_after: float | None) -> None:
        """Note that no answer came. A Retry-After holds for everyone."""
        del self.spent.going_on[call.worker, call.ticket]
        if retry_after is not None:
            self._paused_until = max(self._paused_until, self._clock() + retry_after)

    def forget(self, worker: int) -> None:
        """Take back everything from a worker that is gone, but a call that goes on: its answer is
        paid for, and will be wanted.
        """
        for _, ticket in [each for each in self._held if each[0] == worker]:
            self.release(worker, ticket)
        self._waiting = deque(w for w in self._waiting if w.worker != worker)
        self._calls = deque(c for c in self._calls if c.worker != worker)

    def turn(self) -> tuple[list[Turn], list[Call]]:
        """Return what can be told now (worker, and its ticket with the words), and the calls that
        are to be made now.
        """
        told, due = self._model_turns()
        return [*self._places(), *told], due

    def _places(self) -> list[Turn]:
        given: list[Turn] = []
        still: deque[Wish] = deque()
        now = self._clock()
        if self._waiting:
            self._give_up(now)
        for wish in self._waiting:
            if self._taken[wish.site, wish.kind] < self._most[wish.kind]:
                self._taken[wish.site, wish.kind] += 1
                self._held[wish.worker, wish.ticket] = wish, now
                given.append((wish.worker, (wish.ticket, "go")))
            else:
                still.append(wish)
        self._waiting = still
        return given

    def _give_up(self, now: float) -> None:
        """Take back places for judging that are held for long: as many hung bundles as there are
        cores would stop all others. Sandboxes have limits of their own, and may take hours.
        """
        for wish, since in list(self._held.values()):
            if wish.kind == "judging" and now - since > LONG:
                self.release(wish.worker, wish.ticket)

    def _model_turns(self) -> tuple[list[Turn], list[Call]]:
        told: list[Turn] = []
        due: list[Call] = []
        still: deque[Call] = deque()
        now = self._clock()
        full = False
        for call in self._calls:
            words = self._without_asking(call)
            if words is not None:
                told.append((call.worker, (call.ticket, *words)))
            elif full or self._being_asked(call) or call.not_before > now:
                still.append(call)
            elif self._may_go(call, now):
                due.append(call)
            else:  # nobody overtakes it, or a long question would never be asked
                full = True
                still.append(call)
        self._calls = still
        return told, due

    def _without_asking(self, call: Call) -> Words | None:
        """Return the answer that is known, or that there is no money for one; None for neither."""
        if call.key in self._known:
            self.spent.shared += 1
            return ("known", self._known[call.key])
        if self._being_asked(call):
            return None
        over = self._over(call)
        return None if over is None else ("spent", over)

    def _being_asked(self, call: Call) -> bool:
        """Whether somebody is asking just that, so that the answer is worth waiting for."""
        return any(other.key == call.key for other in self.spent.going_on.values())

    def _may_go(self, call: Call, now: float) -> bool:
        """Let a call go on if there is a place and the rates allow it."""
        if len(self.spent.going_on) >= self._plan.model_calls or not self._rate_allows(call, now):
            return False
        self.spent.going_on[call.worker, call.ticket] = call
        self.spent.calls += 1
        self._minute.append((now, call.tokens))
        return True

    def _over(self, call: Call) -> tuple[str, str] | None:
        """Say which cap of the batch this call could pass, with all that go on at their worst."""
        spent, going_on = self.spent, [*self.spent.going_on.values(), call]
        if self._plan.tokens is not None:
            paid = spent.earlier_tokens + spent.tokens
            if paid + sum(c.tokens for c in going_on) > self._plan.tokens:
                return ("tokens", f"the batch's cap of {self._plan.tokens} tokens")
        if self._plan.usd is not None:
            if call.micro_usd is None:
                return ("usd", "the model's price is not known: give --price or drop --batch-usd")
            paid = spent.earlier_micro_usd + spent.micro_usd
            if paid + sum(c.micro_usd or 0 for c in going_on) > self._plan.usd * 1_000_000:
                return ("usd", f"the batch's cap of ${self._plan.usd}")
        return None

    def _rate_allows(self, call: Call, now: float) -> bool:
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
