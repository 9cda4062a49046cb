"""Budget: caps on a run, checked before the step that might pass one; Spend: what it has used."""

from __future__ import annotations

from pydantic import BaseModel, Field

from ohgw_tools.errors import BudgetSpent
from ohgw_tools.frozen import FROZEN


class Budget(BaseModel):
    """Caps on one run; None is no limit. Money in US dollars, times in seconds.

    `tokens` counts both ways together, `sandbox_seconds` the wall time of sandboxed programs.
    """

    model_config = FROZEN

    attempts: int | None = Field(default=10, ge=0)
    seconds: float | None = Field(default=3600, gt=0)
    tokens: int | None = Field(default=None, ge=0)
    usd: float | None = Field(default=None, ge=0)
    sandbox_seconds: float | None = Field(default=None, gt=0)
    calls: int | None = Field(default=None, ge=0)


class Spend(BaseModel):
    """What a run has used: times in milliseconds, money in millionths of a US dollar."""

    model_config = FROZEN

    attempts: int = 0
    elapsed_ms: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    micro_usd: int = 0
    sandbox_ms: int = 0
    calls: int = 0

    def plus(self, **amounts: int) -> Spend:
        """Return this spend with `amounts` added, field by field."""
        return self.model_copy(update={k: getattr(self, k) + v for k, v in amounts.items()})


def check_step(budget: Budget, spend: Spend) -> None:
    """Raise BudgetSpent if no further attempt may begin."""
    if budget.attempts is not None and spend.attempts >= budget.attempts:
        raise BudgetSpent("attempts", f"{spend.attempts} of {budget.attempts} attempts are used")
    check_time(budget, spend)


def check_time(budget: Budget, spend: Spend) -> None:
    """Raise BudgetSpent if the run's time or the sandbox's is over."""
    if budget.seconds is not None and spend.elapsed_ms >= budget.seconds * 1000:
        raise BudgetSpent("seconds", f"{spend.elapsed_ms / 1000:.0f} s of {budget.seconds:.0f} s")
    if budget.sandbox_seconds is not None and spend.sandbox_ms >= budget.sandbox_seconds * 1000:
        used = spend.sandbox_ms / 1000
        raise BudgetSpent("sandbox_seconds", f"{used:.0f} s of {budget.sandbox_seconds:.0f} s")


def check_call(budget: Budget, spend: Spend, worst: tuple[int, int, int | None]) -> None:
    """Raise BudgetSpent if a model call that costs `worst` (tokens in, tokens out, millionths of a
    dollar or None) could pass a cap. A price that is not known passes any cap on money.
    """
    tokens_in, tokens_out, micro_usd = worst
    if budget.calls is not None and spend.calls >= budget.calls:
        raise BudgetSpent("calls", f"{spend.calls} of {budget.calls} model calls are used")
    used = spend.input_tokens + spend.output_tokens
    if budget.tokens is not None and used + tokens_in + tokens_out > budget.tokens:
        needs = f"{used} used, the next call needs up to {tokens_in + tokens_out}"
        raise BudgetSpent("tokens", f"{needs}, the cap is {budget.tokens}")
    if budget.usd is not None:
        if micro_usd is None:
            raise BudgetSpent(
                "usd", "the model's price is not known: give --price or --prices, or drop --usd"
            )
        if spend.micro_usd + micro_usd > budget.usd * 1_000_000:
            raise BudgetSpent("usd", f"${spend.micro_usd / 1e6:.4f} used of ${budget.usd:.4f}")
