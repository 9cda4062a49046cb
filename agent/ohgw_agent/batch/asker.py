"""Asker: makes the model calls of a whole batch, where the batch was begun.

Workers send their questions here. So the key stays on this machine, a Retry-After holds for all at
once, and a question whose worker dies meanwhile is still answered, once: the bundle's next try is
told that answer.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module

from ohgw_agent import crew
from ohgw_agent.batch.arbiter import Call
from ohgw_agent.batch.item import BatchPlan
from ohgw_agent.batch.shelf import Shelf
from ohgw_agent.chat_model import ChatModel, Reply
from ohgw_agent.retry_policy import RetryPolicy
from ohgw_agent.settings import ModelSettings, Settings
from ohgw_tools.errors import InputError, ModelError, ModelRateLimited

LONGEST_WAIT = 3600.0  # seconds of Retry-After that a batch waits for


class Asker:
    """Asks on as many threads as calls may go on at once; `heard` returns what came back."""

    def __init__(self, plan: BatchPlan, shelf: Shelf | None = None) -> None:
        self._settings = model_settings(plan.settings)
        self._shelf = shelf
        self._cancel = threading.Event()
        self._lock = threading.Lock()
        self._models: dict[str, ChatModel] = {}
        self._threads = ThreadPoolExecutor(plan.model_calls, thread_name_prefix="ohgw-ask")
        self._going_on: dict[Future[tuple[Reply, bool]], Call] = {}
        self._chance = random.Random()

    @property
    def busy(self) -> bool:
        """Whether a call goes on."""
        return bool(self._going_on)

    def ask(self, call: Call) -> None:
        """Begin a call."""
        self._going_on[self._threads.submit(self._asked, call)] = call

    def heard(self) -> Iterator[tuple[Call, Reply | ModelError, bool]]:
        """Yield the calls that have ended, and whether they were paid for now. Raises what no
        ModelError is, such as a full disk.
        """
        for future in [f for f in self._going_on if f.done()]:
            call = self._going_on.pop(future)
            try:
                reply, paid = future.result()
            except ModelError as error:
                yield call, error, False
            else:
                yield call, reply, paid

    def again(self, call: Call, error: ModelError) -> Call | None:
        """Return the call that is to wait for its turn anew, or None if it has failed for good."""
        policy = RetryPolicy(
            max_tries=self._settings[call.model].max_tries, longest_wait=LONGEST_WAIT
        )
        wait = policy.wait_after(error, call.tries, self._chance)
        return None if wait is None else call.once_more(time.monotonic() + wait)

    def close(self) -> None:
        """Give up what goes on."""
        self._cancel.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _asked(self, call: Call) -> tuple[Reply, bool]:
        if self._shelf is not None and (kept := self._shelf.reply(call.key)) is not None:
            return Reply.model_validate_json(kept), False
        reply = self._model(call.model).ask(call.question)
        reply = reply.model_copy(update={"tries": call.tries})
        if self._shelf is not None:
            self._shelf.keep_reply(call.key, reply.model_dump_json())
        return reply, True

    def _model(self, name: str) -> ChatModel:
        """Return the client, made once. It tries once: what is to be tried again waits its turn."""
        with self._lock:
            if name not in self._models:
                once = self._settings[name].model_copy(update={"max_tries": 1})
                self._models[name] = crew.chat_model(once, self._cancel)
            return self._models[name]


def begin_importing(plan: BatchPlan) -> None:
    """Import the models' client on a thread: it takes a second, as workers do until they ask."""
    if model_settings(plan.settings):
        threading.Thread(target=import_module, args=("langchain_openai",), daemon=True).start()


def retry_after(error: ModelError) -> float | None:
    """Return for how long the server asked to be left alone, in seconds."""
    return error.retry_after if isinstance(error, ModelRateLimited) else None


def model_settings(settings: Settings) -> dict[str, ModelSettings]:
    """Return all models of these settings by name. Raises InputError for two of one name, whose
    answers could not be told apart.
    """
    found: dict[str, ModelSettings] = {}
    for field in Settings.model_fields:
        value = getattr(settings, field)
        for model in value if isinstance(value, tuple) else (value,):
            if not isinstance(model, ModelSettings):
                continue
            if found.setdefault(model.model, model) != model:
                raise InputError(f"two models are called {model.model}: a batch needs other names")
    return found
