"""The one adapter from what chat clients and odd servers raise to our own ModelError tree.

It reads errors by status code, headers and the names of their classes, not by type: the openai,
anthropic, mistral and langchain packages name theirs alike, and none of them is imported here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ohgw_tools.errors import (
    ModelAnswerInvalid,
    ModelError,
    ModelRateLimited,
    ModelRefused,
    ModelUnreachable,
)

MAX_MESSAGE = 400

_TIMEOUTS = {"APITimeoutError", "TimeoutException", "ModelTimeoutError", "StreamChunkTimeoutError"}
_CONNECTIONS = {"APIConnectionError", "TransportError", "ModelConnectionError"}
_ANSWERS = {
    "LengthFinishReasonError",
    "ContentFilterFinishReasonError",
    "OpenAIRefusalError",
    "APIResponseValidationError",
    "OutputParserException",
}
# What reading a malformed answer raises inside the client: HTML with status 200 and an error object
# with status 200 are ValueError, half a JSON text is JSONDecodeError, no choices is IndexError.
_MISREAD = (ValueError, LookupError, TypeError, AttributeError)
_TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size|limit)|too many (input )?tokens|prompt is too long", re.I
)
_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|billing|credit balance", re.I)
_LIMITED = re.compile(r"\b429\b|rate.?limit|too many requests|quota|overloaded", re.I)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_KEYLIKE = re.compile(
    r"\b(sk|pk|key|gsk|xai|hf|glpat)[-_][A-Za-z0-9*_-]{8,}|\bBearer\s+\S{8,}", re.I
)


def model_error(error: BaseException, secrets: tuple[str, ...] = ()) -> ModelError | None:
    """Return our error for one that a chat client raised, or None if it is not a client's error
    (a fault of our own, which must stay visible as what it is).

    No message ever holds one of `secrets` or anything that looks like a key.
    """
    if isinstance(error, ModelError):
        return error
    text = harmless(str(error), secrets)
    names = {base.__name__ for base in type(error).__mro__}
    status = _status(error)
    if status is not None:
        return _by_status(status, text, _retry_after(error))
    if names & _TIMEOUTS or isinstance(error, TimeoutError):
        return ModelUnreachable("the model server did not answer in time")
    if names & _CONNECTIONS or isinstance(error, OSError):
        return ModelUnreachable(f"the connection to the model server failed: {_cause(error, text)}")
    if "ContextOverflowError" in names:
        return _too_long(text)
    if names & _ANSWERS:
        return ModelAnswerInvalid(f"the model's answer cannot be read: {text}")
    if "APIError" in names or "ModelError" in names:
        return _by_text(text)
    if isinstance(error, _MISREAD):
        return _misread(text)
    return None


def harmless(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return a foreign message on one line, bounded, without control characters or secrets."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "[secret]")
    text = _KEYLIKE.sub("[secret]", text)
    text = _CONTROL.sub("?", " ".join(text.split()))
    return text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE] + " [cut]"


def _status(error: BaseException) -> int | None:
    for holder in (error, getattr(error, "response", None)):
        status = getattr(holder, "status_code", None)
        # A good status hangs on errors too, where the body could not be read.
        if isinstance(status, int) and status >= 300:
            return status
    return None


def _by_status(status: int, text: str, retry_after: float | None) -> ModelError:
    if _TOO_LONG.search(text) and status in (400, 413, 422, 500):
        return _too_long(text)
    if status == 429:
        if _QUOTA.search(text):
            return ModelRefused(f"the account's quota is used up (429): {text}")
        return ModelRateLimited(f"the model server limits the rate (429): {text}", retry_after)
    if status == 503 and retry_after is not None:
        return ModelRateLimited(f"the model server is busy (503): {text}", retry_after)
    if status in (408, 409, 425) or status >= 500:
        return ModelUnreachable(f"the model server failed ({status}): {text}")
    if status in (401, 403):
        remedy = "Check the API key and what it may use"
        return ModelRefused(f"the model server refused the key ({status}): {text}. {remedy}")
    if status == 404:
        remedy = "Check --model and --base-url (which usually ends in /v1)"
        return ModelRefused(f"no such model or address (404): {text}. {remedy}")
    if 300 <= status < 400:
        return ModelRefused(f"the address redirects ({status}). Give its target as --base-url")
    return ModelRefused(f"the model server refused the request ({status}): {text}")


def _too_long(text: str) -> ModelRefused:
    remedy = "Use a model with a larger context"
    return ModelRefused(f"the prompt is longer than the model's context: {text}. {remedy}")


def _by_text(text: str) -> ModelError:
    if _TOO_LONG.search(text):
        return _too_long(text)
    if _LIMITED.search(text):
        return ModelRateLimited(f"the model server limits the rate: {text}")
    return ModelUnreachable(f"the model server failed: {text}")


def _misread(text: str) -> ModelError:
    if _TOO_LONG.search(text):
        return _too_long(text)
    if _LIMITED.search(text) and "message" in text:
        return ModelRateLimited(f"the model server limits the rate: {text}")
    return ModelAnswerInvalid(f"the server's answer is not a chat completion: {text}")


def _cause(error: BaseException, text: str) -> str:
    """The first cause's own words: clients say no more than `Connection error.`."""
    cause = error.__cause__
    said = type(cause).__name__ if cause is not None else ""
    return f"{text} ({said})" if said and said not in text else text


def _retry_after(error: BaseException) -> float | None:
    """Seconds that the server asks to wait: a number or a date, RFC 9110 section 10.2.3."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    if headers is None:
        return None
    millis, plain = headers.get("retry-after-ms"), headers.get("retry-after")
    number = _number(millis)
    if number is not None:
        return number / 1000
    number = _number(plain)
    if number is not None or not plain:
        return number
    try:
        when = parsedate_to_datetime(plain)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _number(text: str | None) -> float | None:
    if text is None or not re.fullmatch(r"\s*\d{1,9}(\.\d{1,6})?\s*", text):
        return None
    return float(text)
