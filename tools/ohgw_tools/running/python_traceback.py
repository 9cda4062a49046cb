"""PythonTraceback: tracebacks found in text that a program wrote, and the bundle's line in them.

The text is a stranger's: what looks like a traceback may be printed on purpose, so one alone never
decides anything; it says where to look after the sandbox has said that the program failed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace

from ohgw_tools.isolation.program_environment import WORK_DIRECTORY

MAX_TEXT = 1 << 21
MAX_TRACEBACKS = 50
_MAX_LINES = 4000
_MAX_MESSAGE = 1000
_MAX_EXCERPT = 3000

_HEAD = "Traceback (most recent call last):"
_FATAL = re.compile(r"^Fatal Python error: (?P<message>.*)$")
_FRAME = re.compile(
    r'^\s+File "(?P<path>[^"]{1,1000})", line (?P<line>\d{1,9})(?:,? in (?P<name>.*))?$'
)
_ERROR = re.compile(r"^(?P<type>[A-Za-z_][\w.]{0,200})(?:: ?(?P<message>.*))?$")
_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"


@dataclass(frozen=True)
class Frame:
    """One call: the file as the program saw it, the line (from 1) and the function's name."""

    path: str
    line: int
    name: str = ""


@dataclass(frozen=True)
class PythonTraceback:
    """One exception: its frames, outermost first, its type as printed, and its message.

    `earlier` is the exception that it was raised from, or while handling.
    """

    frames: tuple[Frame, ...]
    type: str
    message: str
    excerpt: str
    earlier: PythonTraceback | None = None

    @property
    def short_type(self) -> str:
        """The exception's class without its module."""
        return self.type.rpartition(".")[2]

    @property
    def root(self) -> PythonTraceback:
        """The exception that came first."""
        found = self
        while found.earlier is not None:
            found = found.earlier
        return found

    def line_in(self, paths: Container[str]) -> tuple[str, int] | None:
        """Path and line of the deepest frame in one of the bundle's files."""
        for frame in reversed(self.frames):
            path = bundle_path(frame.path)
            if path in paths:
                return path, frame.line
        return None


def bundle_path(path: str) -> str:
    """A path as a frame names it, relative to the work directory if it lies in it."""
    return path.removeprefix(f"{WORK_DIRECTORY}/").removeprefix("./")


def find_tracebacks(text: str) -> tuple[PythonTraceback, ...]:
    """Every traceback in `text`, in order; of a chain only the last, which holds the others.

    Texts longer than 2 MiB are read from their last 2 MiB; at most 50 tracebacks are returned.
    """
    lines = text[-MAX_TEXT:].splitlines()
    found: list[PythonTraceback] = []
    chained = False
    index = 0
    while index < len(lines) and len(found) < MAX_TRACEBACKS:
        line = lines[index]
        if _CAUSE in line or _CONTEXT in line:
            chained = True
        head = line.find(_HEAD)
        fatal = _FATAL.match(line)
        if head >= 0:
            index, traceback = _read(lines, index, line[:head])
            if traceback is not None:
                found, chained = _add(found, traceback, chained), False
        elif fatal is not None:
            index, traceback = _read_fatal(lines, index, fatal["message"])
            found.append(traceback)
        else:
            index += 1
    return tuple(found)


def find_stacks(text: str) -> tuple[PythonTraceback, ...]:
    """The stacks that faulthandler wrote when time was nearly up, one for each thread."""
    found = []
    for block in re.split(r"^Thread [^\n]*$", text[-MAX_TEXT:], flags=re.MULTILINE)[1:]:
        matches = [_FRAME.match(line) for line in block.splitlines()[:_MAX_LINES]]
        frames = [Frame(m["path"], int(m["line"]), m["name"] or "") for m in matches if m]
        found.append(PythonTraceback(tuple(reversed(frames)), "Timeout", "", _excerpt([block])))
    return tuple(found)


def _add(
    found: list[PythonTraceback], traceback: PythonTraceback, chained: bool
) -> list[PythonTraceback]:
    if chained and found:
        return [*found[:-1], replace(traceback, earlier=found[-1])]
    return [*found, traceback]


def _read(lines: list[str], start: int, prefix: str) -> tuple[int, PythonTraceback | None]:
    """Read the traceback whose head stands at `start`, each line after `prefix`."""
    frames: list[Frame] = []
    for index in range(start + 1, min(len(lines), start + _MAX_LINES)):
        line = _without(lines[index], prefix)
        frame = _FRAME.match(line)
        if frame is not None:
            frames.append(Frame(frame["path"], int(frame["line"]), frame["name"] or ""))
        elif line[:1].isspace() or not line:
            continue
        else:
            error = _ERROR.match(line)
            if error is None:
                return index, None
            more = list(_continuation(lines, index + 1, prefix))
            message = "\n".join([error["message"] or "", *more])[:_MAX_MESSAGE]
            end = index + 1 + len(more)
            excerpt = _excerpt([_without(text, prefix) for text in lines[start:end]])
            return end, PythonTraceback(tuple(frames), error["type"], message, excerpt)
    return start + 1, None


def _read_fatal(lines: list[str], start: int, message: str) -> tuple[int, PythonTraceback]:
    """Read what faulthandler writes: innermost frame first, of several threads."""
    frames: list[Frame] = []
    index = start + 1
    in_current = False
    while index < len(lines) and index < start + _MAX_LINES:
        line = lines[index]
        frame = _FRAME.match(line)
        if line.startswith(("Current thread", "Thread")):
            in_current = line.startswith("Current thread")
        elif frame is not None and in_current:
            frames.append(Frame(frame["path"], int(frame["line"]), frame["name"] or ""))
        elif frame is None and line and not line[:1].isspace():
            break
        index += 1
    excerpt = _excerpt(lines[start:index])
    return index, PythonTraceback(tuple(reversed(frames)), "Fatal Python error", message, excerpt)


def _continuation(lines: list[str], start: int, prefix: str) -> Iterator[str]:
    """The further lines of a message: those that are indented, at most 20."""
    for line in lines[start : start + 20]:
        text = _without(line, prefix)
        if not text[:1].isspace() or not text.strip() or _FRAME.match(text):
            return
        yield text


def _without(line: str, prefix: str) -> str:
    return line[len(prefix) :] if prefix and line.startswith(prefix) else line


def _excerpt(lines: list[str]) -> str:
    text = "\n".join(lines)
    if len(text) <= _MAX_EXCERPT:
        return text
    half = _MAX_EXCERPT // 2
    return f"{text[:half]}\n[... {len(text) - _MAX_EXCERPT} characters cut ...]\n{text[-half:]}"
