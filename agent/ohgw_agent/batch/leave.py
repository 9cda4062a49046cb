"""Leave: the worker's side of what is shared. Every question goes to the foreman and waits."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from ohgw_agent.chat_model import ChatModel, Question, Reply
from ohgw_agent.permits import Kind
from ohgw_tools.errors import BudgetSpent, ModelError

FOREMAN = 0


class Leave:
    """Permits that are given by the foreman at the other end of a pipe. Safe to use by threads:
    each question has a ticket, and its answer comes back under it. The place of `working` is that
    of the one bundle in hand. Raises EOFError everywhere once the foreman is gone.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._tickets = itertools.count(FOREMAN + 1)
        self._sending = threading.Lock()
        self._open = True
        self._answers: dict[int, queue.SimpleQueue[Any]] = {FOREMAN: queue.SimpleQueue()}
        self._place: int | None = None
        self.capped = False
        threading.Thread(target=self._read, daemon=True).start()

    def say(self, *words: Any) -> None:
        """Send words that need no answer."""
        try:
            with self._sending:
                self._pipe.send(words)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise EOFError("the foreman is gone") from error

    def next_item(self) -> Any:
        """Say that there is nothing to do, and wait for what is."""
        self.say("free")
        return self._wait(FOREMAN)

    def tell(self, word: str, *rest: Any) -> Any:
        """Send a question and wait for its answer."""
        return self._wait(self._send(word, *rest))

    def _send(self, word: str, *rest: Any) -> int:
        ticket = next(self._tickets)
        self._answers[ticket] = queue.SimpleQueue()
        self.say(word, ticket, *rest)
        return ticket

    def _wait(self, ticket: int) -> Any:
        if not self._open:
            raise EOFError("the foreman is gone")
        words = self._answers[ticket].get()
        if words is None:
            raise EOFError("the foreman is gone")
        if ticket != FOREMAN:
            del self._answers[ticket]
        return words

    def _read(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                first, *rest = self._pipe.recv()
                if isinstance(first, int):
                    self._answers[first].put(rest)
                else:
                    self._answers[FOREMAN].put((first, *rest))
        self._open = False
        for waiting in list(self._answers.values()):
            waiting.put(None)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Hold a place for judging for all that a bundle makes this machine do, not for each
        judgement alone: of more bundles than cores that all go on at once, each takes as long as
        all of them, and then they all wait for the model at once.
        """
        self._place = self._send("hold", "judging")
        try:
            self._wait(self._place)
            yield
        finally:
            place, self._place = self._place, None
            self.say("release", place)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Leave the place to others while something far away is waited for."""
        place, self._place = self._place, None
        if place is not None:
            self.say("release", place)
        try:
            yield
        finally:
            if place is not None:
                self._place = self._send("hold", "judging")
                self._wait(self._place)

    @contextmanager
    def holding(self, kind: Kind) -> Iterator[None]:
        """Hold one of the places of this kind. What works has the one for judging already."""
        if kind == "judging" and self._place is not None:
            yield
            return
        with self.waiting():
            ticket = self._send("hold", kind)
            self._wait(ticket)
            try:
                yield
            finally:
                self.say("release", ticket)

    def ask(self, model: ChatModel, question: Question) -> Reply:
        """Have the question asked when its turn comes, or take what another bundle was answered."""
        tokens_in, tokens_out, micro_usd = model.worst_case(question)
        most = (tokens_in + tokens_out, micro_usd)
        with self.waiting():
            word, said = self.tell("ask", question.key(model.name), model.name, question, *most)
        if word == "failed":
            error: ModelError = said
            raise error
        if word == "spent":
            self.capped = True
            raise BudgetSpent(*said)
        return Reply.model_validate_json(said)
