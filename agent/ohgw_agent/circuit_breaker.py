"""CircuitBreaker: stops asking a model server that has failed time after time."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from ohgw_tools.errors import ModelUnreachable


class CircuitBreaker:
    """Opens after `threshold` calls in a row that failed in spite of their retries; while open, a
    call fails at once. After `cool_down` seconds one call is let through to try: its success closes
    the breaker, its failure opens it for another `cool_down`.

    Shared by all runs that use the same model object; safe for threads.
    """

    def __init__(
        self,
        threshold: int = 5,
        cool_down: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = threshold
        self._cool_down = cool_down
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._open_until = 0.0

    def check(self) -> None:
        """Raise ModelUnreachable while the breaker is open."""
        with self._lock:
            left = self._open_until - self._clock()
            if self._failures < self._threshold:
                return
            if left > 0:
                raise ModelUnreachable(
                    f"the model server failed {self._failures} times in a row; "
                    f"it is left alone for another {left:.0f} s"
                )
            # This call is the trial; until it ends, others are still turned away.
            self._open_until = self._clock() + self._cool_down

    def succeeded(self) -> None:
        """Close the breaker: the server answered."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """Count a call that failed."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._threshold:
                self._open_until = self._clock() + self._cool_down
