"""RunBrowser: recorded runs on a terminal, by keys: the list, one run, one verdict, its record."""

from __future__ import annotations

import os
import select
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ohgw_agent.cli.terminal import harmless
from ohgw_tools.errors import InputError, OhgwError

if TYPE_CHECKING:
    from ohgw_agent.trace.history import History

HELP = "up, down, space: move   enter: open   escape: back   q: quit"

# What terminals send for keys, and for letters that pagers have taught people.
KEYS = {
    "\x1b[A": "up", "\x1bOA": "up", "k": "up", "\x1b[B": "down", "\x1bOB": "down", "j": "down",
    "\x1b[5~": "page up", "\x1b[6~": "page down", " ": "page down", "\r": "open", "\n": "open",
    "\x1b[C": "open", "l": "open", "\x1b[D": "back", "h": "back", "\x1b": "back", "\x7f": "back",
    "q": "quit", "\x03": "quit", "\x04": "quit", "g": "top", "G": "end", "\x1b[H": "top",
    "\x1b[F": "end",
}  # fmt: skip


@dataclass
class View:
    """One screenful and more. `targets` holds what a line opens, by its place."""

    title: str
    lines: Sequence[str]
    targets: dict[int, str] = field(default_factory=dict)
    at: int = 0


class Browser:
    """What is shown, and what keys do to it; knows nothing of terminals."""

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir
        self._history: History | None = None
        self._views = [self._list()]

    @property
    def done(self) -> bool:
        """Whether the user has left."""
        return not self._views

    def press(self, key: str, height: int) -> None:
        """Do what a key means."""
        view = self._views[-1]
        moves = {"up": -1, "down": 1, "page up": 2 - height, "page down": height - 2}
        if key in moves:
            view.at = min(max(0, view.at + moves[key]), max(0, len(view.lines) - 1))
        elif key in ("top", "end"):
            view.at = 0 if key == "top" else max(0, len(view.lines) - 1)
        elif key == "open" and view.at in view.targets:
            self._views.append(self._open(view.targets[view.at]))
        elif key == "back":
            self._views.pop()
        elif key == "quit":
            self._views.clear()

    def frame(self, width: int, height: int) -> list[str]:
        """The lines of the screen: title, part of the view with a mark at the cursor, help."""
        view = self._views[-1]
        room = max(1, height - 2)
        first = min(max(0, view.at - room // 2), max(0, len(view.lines) - room))
        shown = []
        for place in range(first, min(first + room, len(view.lines))):
            mark = ">" if place == view.at else " "
            more = "+" if place in view.targets else " "
            shown.append(f"{mark}{more} {harmless(view.lines[place])}"[:width])
        filled = shown + [""] * (room - len(shown))
        return [harmless(view.title)[:width], *filled, HELP[:width]]

    def _list(self) -> View:
        from ohgw_agent.trace.listing import list_runs

        runs = list(list_runs(self._runs_dir))
        lines = []
        for run in runs:
            status, stop = run.text("status") or "unreadable", run.text("stop") or run.problem
            lines.append(f"{run.id}  {status:12} {stop:14} {run.text('experiment')}")
        targets = {place: f"run {run.id}" for place, run in enumerate(runs)}
        return View(f"{len(runs)} runs in {self._runs_dir}", lines or ["no runs"], targets)

    def _open(self, target: str) -> View:
        kind, _, name = target.partition(" ")
        try:
            return self._run(name) if kind == "run" else self._verdict(int(name))
        except OhgwError as error:
            return View("cannot be shown", str(error).split("\n"))

    def _run(self, run: str) -> View:
        from ohgw_agent.cli import run_lines
        from ohgw_agent.trace.history import History
        from ohgw_agent.trace.reader import Reader

        self._history = History(Reader(self._runs_dir / run))
        lines = list(run_lines.overview(self._history))
        targets = {}
        for said in self._history.verdicts:
            start = f"  {said.id}  "
            place = next((n for n, line in enumerate(lines) if line.startswith(start)), None)
            if place is not None:
                targets[place] = f"verdict {said.number}"
        return View(f"run {run}", lines, targets)

    def _verdict(self, number: int) -> View:
        from ohgw_agent.cli import run_lines

        assert self._history is not None, "verdicts are opened from their run"
        lines = list(run_lines.verdict(self._history.verdicts[number - 1]))
        return View(f"run {self._history.id}, verdict {number}", lines)


def browse(runs_dir: Path) -> None:
    """Show the browser until the user leaves. Raises InputError if there is no terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError("runs ui needs a terminal; `ohgw-agent runs ls` and `runs show` do not")
    browser = Browser(runs_dir)
    with _raw_screen():
        while not browser.done:
            width, height = shutil.get_terminal_size()
            lines = browser.frame(width, height)
            sys.stdout.write("\x1b[H\x1b[2J" + "\r\n".join(lines))
            sys.stdout.flush()
            browser.press(_key(), height)


def _key() -> str:
    """Wait for one key; an escape sequence comes as one."""
    sequence = os.read(sys.stdin.fileno(), 1)
    while sequence.startswith(b"\x1b") and select.select([sys.stdin], [], [], 0.05)[0]:
        sequence += os.read(sys.stdin.fileno(), 8)
    return KEYS.get(sequence.decode("ascii", "replace"), "") if sequence else "quit"


@contextmanager
def _raw_screen() -> Iterator[None]:
    """The other screen, keys as they come; both as before afterwards, whatever happens."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        sys.stdout.write("\x1b[?1049h\x1b[?25l")
        yield
    finally:
        sys.stdout.write("\x1b[?25h\x1b[?1049l")
        sys.stdout.flush()
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
