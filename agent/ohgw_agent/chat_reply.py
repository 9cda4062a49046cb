"""What a chat client's messages hold, gathered into a Reply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ohgw_agent.chat_model import Question, Reply
from ohgw_agent.price_table import Price
from ohgw_agent.token_estimate import estimate
from ohgw_tools.errors import ModelAnswerInvalid, ModelUnreachable


class Gathered:
    """The parts of one answer, from one message or from the chunks of a stream."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.metadata: dict[str, Any] = {}
        self.usage: Mapping[str, Any] | None = None
        self.id: str | None = None
        self.refusal = ""

    @property
    def text(self) -> str:
        """The answer's text."""
        return "".join(self.texts)

    def add(self, message: Any) -> None:
        """Take in one message or chunk."""
        self.texts.append(_text(message.content))
        self.metadata.update(message.response_metadata or {})
        self.refusal += str((message.additional_kwargs or {}).get("refusal") or "")
        usage = getattr(message, "usage_metadata", None)
        if usage:
            self.usage = usage
        own = str(message.id or "")
        # In streams langchain puts a random id of its own in place of the server's.
        named = "" if own.startswith(("lc_run", "run-")) else own
        self.id = self.id or self.metadata.get("id") or named or None

    def reply(self, question: Question, model: str, price: Price | None) -> Reply:
        """Return the Reply; where the server gave no figures, with upper guesses in their place."""
        asked = sum(estimate(m.text) for m in question.messages)
        tokens_in = _figure(self.usage, "input_tokens")
        tokens_out = _figure(self.usage, "output_tokens")
        guessed = tokens_in is None or tokens_out is None
        tokens_in = asked if tokens_in is None else tokens_in
        tokens_out = estimate(self.text) if tokens_out is None else tokens_out
        finish = "refusal" if self.refusal else self.metadata.get("finish_reason")
        return Reply(
            text=self.text or self.refusal,
            model=str(self.metadata.get("model_name") or model),
            finish=str(finish) if finish else None,
            response_id=str(self.id) if self.id else None,
            input_tokens=tokens_in,
            output_tokens=tokens_out,
            estimated=guessed,
            cost_micro_usd=price.cost(tokens_in, tokens_out) if price else None,
        )


def gather(chunks: Iterable[Any], abandoned: Callable[[], bool], *, ends: bool = True) -> Gathered:
    """Take in a stream until its end, or until nobody waits for it: its connection is then closed.

    Raises ModelUnreachable if a stream that `ends` with a reason broke off without one (it was
    cut), ModelAnswerInvalid if it held nothing at all.
    """
    gathered = Gathered()
    count = 0
    for chunk in _until(chunks, abandoned):
        gathered.add(chunk)
        count += 1
    if not count:
        raise ModelAnswerInvalid("the model server sent an empty stream")
    if ends and not gathered.metadata.get("finish_reason"):
        raise ModelUnreachable("the model server's stream was cut off before its end")
    return gathered


def _until(chunks: Iterable[Any], abandoned: Callable[[], bool]) -> Iterator[Any]:
    stream = iter(chunks)
    try:
        for chunk in stream:
            if abandoned():
                return
            yield chunk
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()


def _figure(usage: Mapping[str, Any] | None, name: str) -> int | None:
    """A count that the server gave; figures that cannot be true are as good as none."""
    value = usage.get(name) if usage else None
    return value if isinstance(value, int) and value >= 0 else None


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [p if isinstance(p, str) else p.get("text", "") for p in parts if p]
    return "".join(t for t in texts if isinstance(t, str))
