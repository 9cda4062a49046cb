"""PatientCall: one call to a model server, with a deadline, retries, cancellation and a breaker."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ohgw_agent.chat_errors import model_error
from ohgw_agent.circuit_breaker import CircuitBreaker
from ohgw_agent.retry_policy import RetryPolicy
from ohgw_tools.errors import ModelUnreachable

Answer = TypeVar("Answer")
Abandoned = Callable[[], bool]
TICK = 0.05


@dataclass(frozen=True)
class Outcome(Generic[Answer]):
    """What a call returned, after how many tries, and how long all of it took in milliseconds."""

    value: Answer
    tries: int
    latency_ms: int


@dataclass(frozen=True)
class PatientCall:
    """How calls are made: `timeout` in seconds bounds one try from its start to its last byte (an
    HTTP client's own time-out is between bytes, and a server that sends keep-alives passes it).

    A set `cancel` ends a call, also in a wait, with KeyboardInterrupt: nobody else may catch it.
    """

    timeout: float
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    cancel: threading.Event = field(default_factory=threading.Event)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    chance: random.Random = field(default_factory=random.Random, repr=False)

    def run(self, call: Callable[[Abandoned], Answer]) -> Outcome[Answer]:
        """Return what `call` returns. It is given a function that says whether anybody still waits
        for its result. Raises ModelError.
        """
        self.breaker.check()
        began = time.monotonic()
        tries = 0
        while True:
            tries += 1
            value, error = self._try(call)
            if error is None:
                self.breaker.succeeded()
                return Outcome(value[0], tries, round((time.monotonic() - began) * 1000))
            ours = model_error(error, self.secrets)
            if ours is None:
                raise error
            wait = self.policy.wait_after(ours, tries, self.chance)
            if wait is None:
                if ours.retryable:
                    self.breaker.failed()
                raise ours from None
            self._wait(wait)

    def _wait(self, seconds: float) -> None:
        if self.cancel.wait(seconds):
            raise KeyboardInterrupt

    def _try(
        self, call: Callable[[Abandoned], Answer]
    ) -> tuple[tuple[Answer, ...], BaseException | None]:
        """Run `call` on a thread of its own, which is left behind at the deadline: a blocking read
        cannot be ended from outside. It ends at the client's own time-out, and holds nothing up.
        """
        future: Future[Answer] = Future()
        left = threading.Event()

        def work() -> None:
            try:
                future.set_result(call(left.is_set))
            except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits
                future.set_exception(error)

        threading.Thread(target=work, name="ohgw-model-call", daemon=True).start()
        deadline = time.monotonic() + self.timeout
        try:
            while not future.done():
                if self.cancel.is_set():
                    raise KeyboardInterrupt
                rest = deadline - time.monotonic()
                if rest <= 0:
                    said = f"no complete answer from the model server within {self.timeout:g} s"
                    return (), ModelUnreachable(said)
                _pause(future, min(rest, TICK))
        finally:
            left.set()
        error = future.exception()
        return ((), error) if error is not None else ((future.result(),), None)


def _pause(future: Future[Answer], seconds: float) -> None:
    """Wait until the future is done, or for `seconds`."""
    try:
        future.exception(timeout=seconds)
    except TimeoutError:
        return
