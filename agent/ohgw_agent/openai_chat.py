"""OpenAIChat: any OpenAI-compatible server as a ChatModel, through langchain-openai.

Everything that the client would take from the environment is given explicitly: address, key,
organization, gateway, tracing. See `chat_errors` for what errors become.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ohgw_agent.chat_model import Question, Reply
from ohgw_agent.chat_reply import Gathered, gather
from ohgw_agent.circuit_breaker import CircuitBreaker
from ohgw_agent.patient_call import PatientCall
from ohgw_agent.price_table import OPENAI, Price, PriceTable
from ohgw_agent.retry_policy import RetryPolicy
from ohgw_agent.server_dialect import ServerDialect
from ohgw_agent.token_estimate import upper_bound
from ohgw_tools.errors import InputError, ModelAnswerInvalid, ModelRefused, ModelUnreachable

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class OpenAIChat:
    """Asks a chat model. `timeout` in seconds bounds one try; `longest_wait` is the longest
    Retry-After that is waited for; `price` in US dollars for a million tokens (in, out) takes the
    place of the built-in table. `upload_traces` lets LangSmith settings of the environment act.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        timeout: float = 600.0,
        max_tries: int = 4,
        longest_wait: float = 120.0,
        stream: bool = True,
        price: tuple[float, float] | None = None,
        upload_traces: bool = False,
        cancel: threading.Event | None = None,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._model = model
        self._url = checked_url(base_url or OPENAI)
        self._key = api_key or ""
        self._temperature = temperature
        self._seed = seed
        self._timeout = timeout
        self._upload_traces = upload_traces
        self._price = (
            Price(input=price[0], output=price[1])
            if price is not None
            else PriceTable.load().find(self._url, model)
        )
        official = urlsplit(self._url).hostname == "api.openai.com"
        self._dialect = ServerDialect(stream=stream, limit="new" if official else "both")
        self._call = PatientCall(
            timeout=timeout,
            policy=RetryPolicy(max_tries=max_tries, longest_wait=longest_wait),
            breaker=breaker or CircuitBreaker(),
            cancel=cancel or threading.Event(),
            secrets=(self._key, *_credentials(self._url)),
        )
        self._client: Any = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"OpenAIChat({self._model!r}, base_url={_public(self._url)!r})"

    def __reduce__(self) -> str:
        raise TypeError("an OpenAIChat holds a key and is not pickled; make one in each process")

    @property
    def name(self) -> str:
        """The model's name as the server knows it."""
        return self._model

    @property
    def dialect(self) -> ServerDialect:
        """What the server has been found to take."""
        return self._dialect

    def worst_case(self, question: Question) -> tuple[int, int, int | None]:
        """Return upper guesses: tokens in, tokens out, millionths of a dollar if known."""
        tokens_in = upper_bound(m.text for m in question.messages)
        if question.schema_ is not None:
            tokens_in += upper_bound([str(question.schema_)])
        tokens_out = question.max_output_tokens
        price = self._price
        return tokens_in, tokens_out, price.cost(tokens_in, tokens_out) if price else None

    def ask(self, question: Question) -> Reply:
        """Return the answer, whatever its `finish`: `length` says that it was cut off.

        Raises ModelUnreachable, ModelRateLimited, ModelRefused or ModelAnswerInvalid when the tries
        are used up or more of them would not help; KeyboardInterrupt when cancelled.
        """
        client = self._langchain()
        while True:
            dialect = self._dialect
            try:
                outcome = self._call.run(
                    lambda left, d=dialect: self._once(client, question, d, left)  # type: ignore[misc]
                )
            except (ModelRefused, ModelUnreachable, ModelAnswerInvalid) as error:
                simpler = dialect.after(error, question.schema_ is not None)
                if simpler is None:
                    raise
                self._dialect = simpler
                continue
            reply = outcome.value.reply(question, self._model, self._price)
            sent = question.schema_ is not None and dialect.schema_
            update = {"tries": outcome.tries, "latency_ms": outcome.latency_ms, "structured": sent}
            return reply.model_copy(update=update)

    def _once(
        self,
        client: Any,
        question: Question,
        dialect: ServerDialect,
        left: Callable[[], bool],
    ) -> Gathered:
        from langsmith import tracing_context

        messages = [(m.role, m.text) for m in question.messages]
        settings = self._settings(question, dialect)
        with tracing_context(enabled=None if self._upload_traces else False):
            if dialect.stream:
                options = {"stream_usage": dialect.stream_usage}
                return gather(client.stream(messages, **settings, **options), left)
            gathered = Gathered()
            gathered.add(client.invoke(messages, **settings))
        if not gathered.text and not gathered.metadata.get("finish_reason"):
            raise ModelAnswerInvalid("the model server sent an empty answer")
        return gathered

    def _settings(self, question: Question, dialect: ServerDialect) -> dict[str, Any]:
        """The arguments of one request. `extra_body` keeps clear of the client's own parsing, which
        raises bare errors on bad answers and loses their text and usage.
        """
        settings: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for name, own in (("temperature", self._temperature), ("seed", self._seed)):
            asked = getattr(question, name)
            if asked is not None or own is not None:
                settings[name] = asked if asked is not None else own
        if dialect.limit in ("new", "both"):
            settings["max_completion_tokens"] = question.max_output_tokens
        if dialect.limit in ("old", "both"):
            extra["max_tokens"] = question.max_output_tokens
        if question.schema_ is not None and dialect.schema_:
            schema = {"name": question.purpose, "schema": question.schema_, "strict": True}
            extra["response_format"] = {"type": "json_schema", "json_schema": schema}
        if extra:
            settings["extra_body"] = extra
        return settings

    def _langchain(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._make()
            return self._client

    def _make(self) -> Any:
        """Make the client. No retries of its own, no redirects (they would carry the prompt to
        another host), no proxy for this machine's own addresses, no organization from outside.
        """
        import openai
        from langchain_openai import ChatOpenAI
        from pydantic import SecretStr

        local = urlsplit(self._url).hostname in LOOPBACK
        http = openai.DefaultHttpxClient(
            timeout=self._timeout, follow_redirects=False, trust_env=not local
        )
        client = ChatOpenAI(
            model=self._model,
            base_url=self._url,
            api_key=SecretStr(self._key or "none"),
            timeout=self._timeout,
            max_retries=0,
            use_responses_api=False,
            stream_usage=True,
            cache=False,
            http_client=http,
        )
        client.root_client.organization = None
        client.root_client.project = None
        return client


def checked_url(url: str) -> str:
    """Return a base URL that can be asked. Raises InputError, never showing credentials in it."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(ord(c) < 33 for c in url.strip()):
        raise InputError("--base-url must be like http://host:port/v1")
    return url.strip().rstrip("/")


def _credentials(url: str) -> tuple[str, ...]:
    parts = urlsplit(url)
    return tuple(p for p in (parts.username, parts.password, parts.query) if p)


def _public(url: str) -> str:
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
