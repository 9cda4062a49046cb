"""ChatModel: the role that answers messages; Reply, what came back and what it cost."""

from __future__ import annotations

import json
from typing import Literal, Protocol

from pydantic import BaseModel, JsonValue

from ohgw_tools.frozen import FROZEN
from ohgw_tools.tree import sha256


class Message(BaseModel):
    """One message of a conversation."""

    model_config = FROZEN

    role: Literal["system", "user", "assistant"]
    text: str


class Question(BaseModel):
    """One call to a chat model. `schema_` asks for JSON of that shape where the server can.

    `max_output_tokens` bounds the answer. Two equal questions have the same `key`, which is what a
    recorded reply is found by: nothing in it may depend on time, paths or chance. `slot` tells
    apart questions that are asked more than once on purpose; `view` says for the record how wide
    the code is shown.
    """

    model_config = FROZEN

    purpose: Literal["propose", "review", "probe"]
    messages: tuple[Message, ...]
    max_output_tokens: int = 4096
    temperature: float | None = None
    seed: int | None = None
    schema_: dict[str, JsonValue] | None = None
    slot: int = 0
    view: str = ""

    def key(self, model: str) -> str:
        """SHA-256 over the model's name and everything that can change the answer."""
        asked = self.model_dump(mode="json", exclude={"slot", "view"})
        again = [self.slot] if self.slot else []
        return sha256(json.dumps([model, asked, *again], sort_keys=True).encode())


class Reply(BaseModel):
    """What came back. Token counts are the server's, or, with `estimated`, our own upper guess.

    `finish` is the server's reason for ending (`stop`, `length`, ...). Cost in millionths of a US
    dollar, None where the model's price is not known. `structured` is whether the server was held
    to the question's schema.
    """

    model_config = FROZEN

    text: str
    model: str
    finish: str | None = None
    response_id: str | None = None
    input_tokens: int
    output_tokens: int
    estimated: bool = False
    cost_micro_usd: int | None = None
    latency_ms: int = 0
    tries: int = 1
    structured: bool = False


class ChatModel(Protocol):
    """Answers questions."""

    @property
    def name(self) -> str:
        """The model's name as the server knows it."""
        ...

    def ask(self, question: Question) -> Reply:
        """Return the answer. Raises ModelError (see the tree in `ohgw_tools.errors`)."""
        ...

    def worst_case(self, question: Question) -> tuple[int, int, int | None]:
        """Return the most that a call can cost: tokens in, tokens out, millionths of a dollar
        (None where no price is known). Never lower than what the server will count.
        """
        ...
