"""Permits: leave to use something scarce that several repairs share: a model, a sandbox, a core."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, Protocol

from ohgw_agent.chat_model import ChatModel, Question, Reply

Kind = Literal["judging", "sandbox"]


class Permits(Protocol):
    """Asked before each scarce step. Blocks until leave is given."""

    def holding(self, kind: Kind) -> AbstractContextManager[None]:
        """Return a context manager that holds a place for a step of this kind."""
        ...

    def ask(self, model: ChatModel, question: Question) -> Reply:
        """Ask the model when requests and tokens allow it, or return what another repair was
        answered to the same question. Raises ModelError.
        """
        ...


class Unlimited:
    """Gives leave at once: one repair alone."""

    @contextmanager
    def holding(self, kind: Kind) -> Iterator[None]:
        """Hold nothing."""
        yield

    def ask(self, model: ChatModel, question: Question) -> Reply:
        """Ask the model."""
        return model.ask(question)
