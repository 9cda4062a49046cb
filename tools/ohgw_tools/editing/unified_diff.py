"""UnifiedDiff: read leniently; each hunk becomes a search and replace, line numbers left out."""

from __future__ import annotations

import re

from ohgw_tools.edit import Edit, ReplaceText, WriteFile
from ohgw_tools.editing.refusal import refused
from ohgw_tools.tree import Tree

_OLD = re.compile(r"---\s+(?P<path>\S+)")
_NEW = re.compile(r"\+\+\+\s+(?P<path>\S+)")
_HUNK = re.compile(r"@@(?:.*@@)?.*$")
_GIT = re.compile(r"(?:diff --git|index |new file mode|similarity |old mode|new mode)")
_END = re.compile(r"\s*(?:`{3,}|~{3,})\s*$")


def begins(lines: list[str], at: int) -> bool:
    """Whether a file's part of a diff begins on this line."""
    if lines[at].startswith("diff --git "):
        return True
    return bool(_OLD.match(lines[at])) and at + 1 < len(lines) and bool(_NEW.match(lines[at + 1]))


def read(lines: list[str], at: int, tree: Tree) -> tuple[int, list[Edit]]:
    """Read one file's part of a diff; return the line after it and its edits.

    Raises PatchRejected: unreadable where there is no hunk, or a file is to be deleted or renamed.
    """
    start = at
    while at < len(lines) and _GIT.match(lines[at]):
        at += 1
    old, new = (at < len(lines) and _OLD.match(lines[at])), None
    if old and at + 1 < len(lines):
        new = _NEW.match(lines[at + 1])
    if not old or not new:
        raise _unreadable(start, "a diff without its `---` and `+++` lines")
    at += 2
    source, target = old.group("path"), new.group("path")
    hunks: list[tuple[list[str], list[str]]] = []
    while at < len(lines) and not _END.match(lines[at]) and not begins(lines, at):
        line = lines[at]
        if _HUNK.match(line):
            hunks.append(([], []))
        elif hunks and (not line or line[0] in " +-\t"):
            _take(line, hunks[-1])
        elif not line.startswith("\\"):
            break
        at += 1
    if target == "/dev/null":
        raise _unreadable(start, "files are not deleted by a patch")
    if source == "/dev/null":
        content = _joined(hunks[0][1] if hunks else []).rstrip("\n") + "\n"
        return at, [WriteFile(path=_plain(target, tree), content=content)]
    if not hunks:
        raise _unreadable(start, "a diff without a hunk; start each with a `@@` line")
    path = _plain(target, tree)
    return at, [_edit(path, old_lines, new_lines) for old_lines, new_lines in hunks]


def _take(line: str, hunk: tuple[list[str], list[str]]) -> None:
    old, new = hunk
    if not line or line[0] in " \t":
        # An empty line is context whose leading blank was lost.
        text = line[1:] if line[:1] == " " else line
        old.append(text)
        new.append(text)
    elif line[0] == "-":
        old.append(line[1:])
    else:
        new.append(line[1:])


def _edit(path: str, old: list[str], new: list[str]) -> Edit:
    while old and new and not old[-1].strip() and not new[-1].strip():
        old, new = old[:-1], new[:-1]
    while old and new and not old[0].strip() and not new[0].strip():
        old, new = old[1:], new[1:]
    if not old:
        raise refused(
            "unreadable", "a hunk that only adds lines needs lines of context around them", path
        )
    return ReplaceText(path=path, search=_joined(old), replace=_joined(new))


def _plain(path: str, tree: Tree) -> str:
    return path if path in tree else re.sub(r"^[ab]/", "", path)


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _unreadable(line: int, problem: str) -> Exception:
    return refused("unreadable", f"line {line + 1} of the answer: {problem}")
