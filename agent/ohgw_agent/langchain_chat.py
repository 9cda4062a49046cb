"""LangchainChat: any langchain chat model object, given from Python, as a ChatModel."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ohgw_agent.chat_model import Question, Reply
from ohgw_agent.chat_reply import Gathered, gather
from ohgw_agent.patient_call import PatientCall
from ohgw_agent.price_table import Price
from ohgw_agent.retry_policy import RetryPolicy
from ohgw_agent.token_estimate import upper_bound


class LangchainChat:
    """Asks `model` (a BaseChatModel) as its owner has set it up: the question's temperature, seed,
    schema and limit of tokens are not sent, because models take them by different names. Bound the
    length of answers on the model itself; the worst case of a call is reckoned with the question's.
    """

    def __init__(
        self,
        model: Any,
        *,
        name: str | None = None,
        timeout: float = 600.0,
        max_tries: int = 4,
        longest_wait: float = 120.0,
        price: tuple[float, float] | None = None,
        upload_traces: bool = False,
        cancel: threading.Event | None = None,
    ) -> None:
        self._model = model
        own = getattr(model, "model_name", None) or getattr(model, "model", None)
        self._name = name or (own if isinstance(own, str) else type(model).__name__)
        self._price = Price(input=price[0], output=price[1]) if price is not None else None
        self._upload_traces = upload_traces
        self._call = PatientCall(
            timeout=timeout,
            policy=RetryPolicy(max_tries=max_tries, longest_wait=longest_wait),
            cancel=cancel or threading.Event(),
        )

    def __repr__(self) -> str:
        return f"LangchainChat({self._name!r})"

    @property
    def name(self) -> str:
        """The model's name, or its class where it has none."""
        return self._name

    def worst_case(self, question: Question) -> tuple[int, int, int | None]:
        """Return upper guesses: tokens in, tokens out, millionths of a dollar if known."""
        tokens_in = upper_bound(m.text for m in question.messages)
        tokens_out = question.max_output_tokens
        price = self._price
        return tokens_in, tokens_out, price.cost(tokens_in, tokens_out) if price else None

    def ask(self, question: Question) -> Reply:
        """Return the answer. Raises ModelError; KeyboardInterrupt when cancelled."""
        outcome = self._call.run(lambda left: self._once(question, left))
        reply = outcome.value.reply(question, self._name, self._price)
        return reply.model_copy(update={"tries": outcome.tries, "latency_ms": outcome.latency_ms})

    def _once(self, question: Question, left: Callable[[], bool]) -> Gathered:
        from langsmith import tracing_context

        messages = [(m.role, m.text) for m in question.messages]
        with tracing_context(enabled=None if self._upload_traces else False):
            return gather(self._model.stream(messages), left, ends=False)
