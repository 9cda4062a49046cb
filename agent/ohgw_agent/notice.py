"""Notice: what the loop tells whoever watches it, as it happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel

from ohgw_agent.budget import Spend
from ohgw_tools.frozen import FROZEN


class Notice(BaseModel):
    """One thing that happened. `errors` counts the deciding findings of the attempt so far, `left`
    those of the best tree. Texts may hold foreign words: a terminal must make them harmless.
    """

    model_config = FROZEN

    kind: Literal["start", "stage", "verdict", "proposal", "attempt", "detail", "stop", "warning"]
    number: int = 0
    stage: str = ""
    status: str = ""
    text: str = ""
    errors: int | None = None
    left: int | None = None
    spend: Spend = Spend()


Watcher = Callable[[Notice], None]


def ignore(notice: Notice) -> None:
    """A watcher that looks away."""
