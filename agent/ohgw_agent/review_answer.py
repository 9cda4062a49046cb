"""ReviewAnswer: what a reviewer says, criterion by criterion, read strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, Field, JsonValue, ValidationError

from ohgw_agent.addressed_text import flat
from ohgw_agent.chat_model import Reply
from ohgw_tools.errors import ModelAnswerInvalid
from ohgw_tools.finding import IssueKind
from ohgw_tools.frozen import FROZEN

Claim = Literal[
    "judgement",
    "syntax-error",
    "missing-module",
    "missing-file",
    "missing-init",
    "undefined-name",
    "unknown-dataset-id",
]
_FENCED = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n\s*```\s*\Z", re.S)


class Seen(BaseModel):
    """A place that bears out a criterion."""

    model_config = FROZEN

    path: str
    line: int
    quote: str


class Issue(BaseModel):
    """Something wrong, as claimed: nothing in it is believed before it is looked up."""

    model_config = FROZEN

    path: str
    line: int
    quote: str
    kind: IssueKind
    claim: Claim
    subject: str
    message: str


class Opinion(BaseModel):
    """What is said of one criterion."""

    model_config = FROZEN

    criterion: str
    met: Literal["yes", "no", "unsure"]
    seen: tuple[Seen, ...] = ()
    issues: tuple[Issue, ...] = ()


class ReviewAnswer(BaseModel):
    """One whole answer. `code` must be the one that the question gave."""

    model_config = FROZEN

    code: str
    criteria: tuple[Opinion, ...] = Field(max_length=64)


def answer_schema() -> dict[str, JsonValue]:
    """The answer's JSON Schema in the strict form that servers take: everything required."""
    return _strict(ReviewAnswer.model_json_schema())


def read_answer(
    reply: Reply, code: str, criteria: tuple[str, ...], markers: frozenset[str]
) -> ReviewAnswer:
    """Read a reply. Raises ModelAnswerInvalid, saying what to do better: cut off, not the JSON
    object alone, another code, a criterion missing, twice or unknown, or a word that only text
    addressed to the reviewer holds.
    """
    if reply.finish == "length":
        raise _invalid("it was cut off: give fewer and shorter issues.", reply)
    fenced = _FENCED.match(reply.text)
    try:
        data = json.loads(fenced[1] if fenced else reply.text)
        answer = ReviewAnswer.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _invalid(f"at {place}: {first['msg']}.", reply) from None
    except (ValueError, RecursionError):
        raise _invalid("it is not one JSON object and nothing else.", reply) from None
    if answer.code != code:
        raise _invalid("its `code` is not the one of the marks.", reply)
    named = [o.criterion for o in answer.criteria]
    if sorted(named) != sorted(criteria):
        raise _invalid(f"it must hold each criterion once: {', '.join(criteria)}.", reply)
    # As decoded: escapes in JSON must not hide what is said.
    said = flat(" ".join(_strings(data)))
    if any(marker in said for marker in markers):
        raise _invalid("it repeats text that was addressed to the reviewer.", reply)
    return answer


def _strings(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _invalid(reason: str, reply: Reply) -> ModelAnswerInvalid:
    return ModelAnswerInvalid(reason, reply.text)


def _strict(schema: JsonValue) -> dict[str, JsonValue]:
    made = _walk(schema)
    assert isinstance(made, dict)
    return made


def _walk(node: JsonValue) -> JsonValue:
    if isinstance(node, list):
        return [_walk(item) for item in node]
    if not isinstance(node, dict):
        return node
    dropped = ("default", "title", "description", "maxLength", "maxItems")
    made: dict[str, JsonValue] = {k: _walk(v) for k, v in node.items() if k not in dropped}
    properties = made.get("properties")
    if isinstance(properties, dict):
        made["required"] = list(properties)
        made["additionalProperties"] = False
    return made
