"""RetryPolicy: how often a call to a model is tried, and how long is waited in between."""

from __future__ import annotations

import random

from pydantic import BaseModel, Field

from ohgw_tools.errors import ModelAnswerInvalid, ModelError, ModelRateLimited
from ohgw_tools.frozen import FROZEN


class RetryPolicy(BaseModel):
    """Times in seconds. Waits grow twofold from `base` to `cap`, with full jitter (each is drawn
    evenly from zero to its bound), so that many runs do not come back at the same moment.

    A server's own Retry-After is always obeyed; one longer than `longest_wait` is not waited for.
    """

    model_config = FROZEN

    max_tries: int = Field(default=4, ge=1)
    base: float = Field(default=0.5, ge=0)
    cap: float = Field(default=30.0, ge=0)
    longest_wait: float = Field(default=120.0, ge=0)

    def wait_after(self, error: ModelError, tries: int, chance: random.Random) -> float | None:
        """Return how long to wait after the `tries`-th try failed so; None is no further try."""
        again = error.retryable or isinstance(error, ModelAnswerInvalid)
        if not again or tries >= self.max_tries:
            return None
        wait = chance.uniform(0, min(self.cap, self.base * 2 ** (tries - 1)))
        asked = error.retry_after if isinstance(error, ModelRateLimited) else None
        if asked is None:
            return wait
        return asked + min(wait, 1.0) if asked <= self.longest_wait else None
