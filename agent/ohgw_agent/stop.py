"""Stop: why a run ended, and the exit code that says so."""

from __future__ import annotations

from typing import Literal

StopReason = Literal[
    "ready",  # the delivered tree's last verdict is ready
    "given up",  # no proposer has anything left
    "undecided",  # a stage could not look
    "exhausted",  # a budget is spent
    "stuck",  # the same tree or the same findings came again
    "model failed",  # the chat model could not be asked
    "sandbox failed",  # the sandbox broke
    "interrupted",  # by a signal or by the caller
]

EXIT_CODES: dict[StopReason, int] = {
    "ready": 0,
    "given up": 1,
    "undecided": 3,
    "exhausted": 4,
    "stuck": 4,
    "model failed": 5,
    "sandbox failed": 5,
    "interrupted": 130,
}
