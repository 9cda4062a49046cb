"""Leave: the worker's side of what is shared. Every question goes to the foreman and waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from ohgw_agent.chat_model import ChatModel, Question, Reply
from ohgw_agent.permits import Kind
from ohgw_tools.errors import BudgetSpent, ModelError, ModelRateLimited


class Leave:
    """Permits that are given by the foreman at the other end of a pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def tell(self, *message: Any) -> Any:
        """Send a message and wait for its answer."""
        self._pipe.send(message)
        return self._pipe.recv()

    @contextmanager
    def holding(self, kind: Kind) -> Iterator[None]:
        """Hold one of the places of this kind."""
        self.tell("hold", kind)
        try:
            yield
        finally:
            self._pipe.send(("release", kind))

    def ask(self, model: ChatModel, question: Question) -> Reply:
        """Ask when it is this question's turn, or take what another bundle was answered."""
        key = question.key(model.name)
        tokens_in, tokens_out, micro_usd = model.worst_case(question)
        word, *rest = self.tell("ask", key, tokens_in + tokens_out, micro_usd)
        if word == "known":
            return Reply.model_validate_json(rest[0])
        if word == "spent":
            raise BudgetSpent(rest[0], rest[1])
        try:
            reply = model.ask(question)
        except ModelError as error:
            wait = error.retry_after if isinstance(error, ModelRateLimited) else None
            self._pipe.send(("unanswered", key, wait))
            raise
        self._pipe.send(
            (
                "answered",
                key,
                reply.model_dump_json(),
                reply.input_tokens + reply.output_tokens,
                reply.cost_micro_usd or 0,
            )
        )
        return reply
