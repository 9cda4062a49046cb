"""What travels up the interpreter's own stack: the bundle's exceptions, jumps, and our budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ohgw_tools.interpreter.values import Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.interpretation import Frame


E = TypeVar("E", bound=Exception)


def released(signal: E) -> E:
    """Return a signal that has arrived without the frames that it came through. What one of them
    holds may be the signal itself: then only the garbage collector would find them.
    """
    signal.__traceback__ = None
    return signal


class Raised(Exception):
    """The bundle's code raises `exception` here on every modelled path.

    `explicit` if by a raise statement. `kinds` are the names of its class and of the classes that
    it inherits from, as far as they are seen; `*` if it may be any.
    """

    def __init__(self, exception: str, message: str, path: str, line: int) -> None:
        super().__init__(f"{exception}: {message}")
        self.exception = exception
        self.kinds: tuple[str, ...] = (exception,)
        self.message = message
        self.path = path
        self.line = line
        self.explicit = False
        self.trace: tuple[Frame, ...] = ()
        self.detail: dict[str, object] = {}


class Returned(Exception):
    """A return statement was reached."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


class Jumped(Exception):
    """A break or continue statement was reached."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind


class OutOfBudget(Exception):
    """Steps, seconds or depth are spent: nothing more is said of this process."""


@dataclass(slots=True)
class Outcome:
    """How one arm of a branch ended: next, return, raise, break, continue, or left (it may have
    left before what it then raised). `partial` if it may have left on the way.
    """

    kind: str
    value: Value = None
    raised: Raised | None = None
    partial: bool = False
