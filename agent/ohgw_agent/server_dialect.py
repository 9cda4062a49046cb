"""ServerDialect: which parts of the chat completions protocol a server takes."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel

from ohgw_tools.errors import ModelAnswerInvalid, ModelError, ModelRefused
from ohgw_tools.frozen import FROZEN

Limit = Literal["new", "both", "old"]
_LIMIT = re.compile(r"max_completion_tokens|max_tokens")
_SCHEMA = re.compile(r"response_format|json_schema|structured output|grammar", re.I)
_STREAM = re.compile(r"stream_options|\bstream(ing)?\b", re.I)


class ServerDialect(BaseModel):
    """`schema_`: whether `response_format` is sent. `stream_usage`: whether figures are asked for
    in streams. `limit` names the field that bounds the answer: `new` is `max_completion_tokens`,
    `old` is `max_tokens`, `both` suits servers that silently ignore one of them.

    What the user asked for in words (temperature, seed) is never dropped: the server's refusal of
    it is shown.
    """

    model_config = FROZEN

    schema_: bool = True
    stream: bool = True
    stream_usage: bool = True
    limit: Limit = "both"

    def after(self, error: ModelError, asked_schema: bool) -> ServerDialect | None:
        """Return the dialect to try next after this refusal, or None if it is not about dialect.
        Each step drops something, so that their number is bounded.
        """
        text = str(error)
        if isinstance(error, ModelAnswerInvalid):
            # No stream came where one was asked for; asked plainly, the server says what is wrong.
            nothing = self.stream and "chunks" in text
            return self.model_copy(update={"stream": False}) if nothing else None
        if asked_schema and self.schema_ and _SCHEMA.search(text):
            return self.model_copy(update={"schema_": False})
        if not isinstance(error, ModelRefused):
            return None
        if self.stream_usage and "stream_options" in text:
            return self.model_copy(update={"stream_usage": False})
        if self.limit == "both" and _LIMIT.search(text):
            refused_new = re.search(r"max_completion_tokens.{0,40}(not|unknown|unrec|extra)", text)
            kept: Limit = "old" if refused_new else "new"
            return self.model_copy(update={"limit": kept})
        if self.stream and _STREAM.search(text):
            return self.model_copy(update={"stream": False})
        return None
