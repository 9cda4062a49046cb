"""Display: a run as it goes on, on stderr: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from ohgw_agent.cli.discretion import discreet
from ohgw_agent.cli.terminal import harmless

if TYPE_CHECKING:
    from ohgw_agent.budget import Budget
    from ohgw_agent.notice import Notice


class Lines:
    """Writes one line for each thing that happened."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def __call__(self, notice: Notice) -> None:
        """Take a notice."""
        if line := line_of(notice):
            print(line, file=sys.stderr, flush=True)


class Live:
    """Keeps finished steps as lines and the current one, with clock and budget, in a live line."""

    def __init__(self, budget: Budget) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        self._budget = budget
        self._console = Console(stderr=True, highlight=False)
        self._now = "starting"
        self._left: int | None = None
        self._notice: Notice | None = None
        self._began = time.monotonic()
        self._live = RichLive(console=self._console, get_renderable=self._render, transient=True)

    def __enter__(self) -> Live:
        self._live.__enter__()
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self._live.__exit__(kind, error, traceback)

    def __call__(self, notice: Notice) -> None:
        """Take a notice."""
        self._notice = notice
        if notice.kind in ("stage", "detail"):
            doing = harmless(discreet(notice.text), limit=100)
            self._now = f"attempt {notice.number}: {notice.stage} {doing}".rstrip()
        if notice.kind == "attempt" and notice.text:
            self._left = notice.errors
        if notice.kind not in ("stage", "detail") and (line := line_of(notice)):
            self._console.print(line, markup=False, style=_STYLES.get(notice.status, ""))

    def _render(self) -> Any:
        from rich.spinner import Spinner
        from rich.text import Text

        left = "" if self._left is None else f"  findings left: {self._left}"
        text = f"{self._now}{left}  {_budget_left(self._budget, self._notice)}"
        return Spinner("dots", text=Text(text, overflow="ellipsis", no_wrap=True))


_STYLES = {"pass": "green", "ready": "bold green", "fail": "red", "undecided": "yellow"}


def display(budget: Budget, *, quiet: bool) -> Lines | Live | Silence:
    """Return the display that suits stderr."""
    if quiet:
        return Silence()
    return Live(budget) if sys.stderr.isatty() else Lines(budget)


class Silence:
    """Shows warnings and nothing else."""

    def __enter__(self) -> Silence:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def __call__(self, notice: Notice) -> None:
        """Take a notice and look away, unless it is a warning."""
        if notice.kind == "warning":
            print(line_of(notice), file=sys.stderr, flush=True)


def line_of(notice: Notice) -> str:
    """Return the line for a notice, empty for those that are only for a live display."""
    text = harmless(discreet(notice.text), limit=300)
    match notice.kind:
        case "start":
            return f"run {text} (sandbox: {notice.status})"
        case "verdict":
            count = f", {notice.errors} to mend" if notice.errors else ""
            because = f": {text}" if text else ""
            return f"  attempt {notice.number}  {notice.stage:8} {notice.status}{count}{because}"
        case "proposal":
            return f"  attempt {notice.number}  patch by {harmless(notice.status)}: {text}"
        case "detail":
            return f"  attempt {notice.number}  {notice.stage:8} ... {text}"
        case "attempt" if text:
            return f"  attempt {notice.number}  best so far: {notice.errors} to mend"
        case "stop":
            return f"{notice.status}: {text}"
        case "warning":
            return text
    return ""


def _budget_left(budget: Budget, notice: Notice | None) -> str:
    if notice is None:
        return ""
    spend = notice.spend
    parts = [f"{spend.elapsed_ms / 1000:.0f} s"]
    if budget.attempts is not None:
        parts.append(f"{budget.attempts - spend.attempts} attempts left")
    used = spend.input_tokens + spend.output_tokens
    if budget.tokens is not None:
        parts.append(f"{budget.tokens - used} tokens left")
    elif used:
        parts.append(f"{used} tokens")
    if spend.micro_usd:
        parts.append(f"${spend.micro_usd / 1e6:.4f}")
    return " | ".join(parts)
