"""PatchBlock: one block after another of a plain-text patch; the grammar is in `patch_text`."""

from __future__ import annotations

import re
from typing import NoReturn

from ohgw_tools.edit import Edit, ReplaceText
from ohgw_tools.editing import patch_command, unified_diff
from ohgw_tools.editing.patch_command import Command
from ohgw_tools.editing.refusal import RefusalCode, refused
from ohgw_tools.tree import Tree

_SEARCH = re.compile(r"\s*<{4,10}\s*(?:SEARCH|ORIGINAL|OLD|HEAD|BEFORE)\b:?\s*(.*?)\s*$", re.I)
_DIVIDER = re.compile(r"\s*={5,10}\s*$")
_REPLACE = re.compile(r"\s*>{4,10}\s*(?:REPLACE|UPDATED|NEW|AFTER|END|HEAD)?\b.*$", re.I)
_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*([\w+.:/-]*)\s*(\S*)\s*$")
_NOTE = re.compile(r"\W*NOTE\W*:\W*(.+)$")
_ANSWERS = re.compile(r"\W*ANSWERS\W*:(.*)$")
_PATH = re.compile(r"[\w./\\-]+\.[A-Za-z]{1,5}|[a-z]\w*_(?:py|ya?ml|toml)")
# A line that was meant as a command: two or more words in capitals at its start.
_COMMANDLIKE = re.compile(r"[\s#*>-]*[A-Z]{3,}[ _][A-Z]{3,}\b")


class Reader:
    """Walks through an answer; `next_edits` reads one block, or skips one line of prose."""

    def __init__(self, text: str, tree: Tree) -> None:
        self._lines = text.split("\n")
        self._tree = tree
        self._at = 0
        self._path: str | None = None
        self._last_prose = ""
        self.note = ""
        self.answers: list[str] = []

    @property
    def done(self) -> bool:
        """Whether all lines were read."""
        return self._at >= len(self._lines)

    def next_edits(self) -> list[Edit]:
        """Return the edits of the block that begins here; none for prose. Raises PatchRejected.

        Goes on by one line at least, whatever happens, so that reading always ends.
        """
        start = self._at
        try:
            return self._next()
        finally:
            self._at = max(self._at, start + 1)

    def _next(self) -> list[Edit]:
        line = self._lines[self._at]
        opening = _SEARCH.match(line)
        if opening:
            return [self._search_block(opening.group(1))]
        command = patch_command.read(line)
        if command is not None:
            return self._command(command)
        if unified_diff.begins(self._lines, self._at):
            return self._diff()
        fence = _FENCE.match(line)
        if fence:
            return self._loose_fence(fence)
        self._prose(line)
        self._at += 1
        return []

    def _prose(self, line: str) -> None:
        note, answers = _NOTE.match(line), _ANSWERS.match(line)
        if note:
            self.note = self.note or note.group(1).strip()[:500]
        elif answers:
            self.answers += re.findall(r"\b[0-9a-f]{16}\b", answers.group(1))
        elif _DIVIDER.match(line) or re.match(r"\s*>{5,10}\s*REPLACE", line):
            self._at += 1
            self._refuse("unreadable", self._at, "a marker without its `<<<<<<< SEARCH`")
        elif line.strip():
            self._last_prose = line
            named = self._path_in(line)
            self._path = named or self._path

    def _path_in(self, line: str) -> str | None:
        """The path that a line of its own names: `FILE: src/train.py`, `### src/train.py`."""
        text = line.strip().strip("#*`>-: \t'\"")
        text = re.sub(r"^(?:FILE|File|file|PATH|Path)(?:NAME|name)?\s*[:=]?\s*", "", text)
        text = text.strip("#*`: \t'\"")
        return text if _PATH.fullmatch(text) else None

    def _search_block(self, named: str) -> Edit:
        """Read from `<<<<<<< SEARCH` to `>>>>>>> REPLACE`."""
        start, divider = self._at, None
        parts: tuple[list[str], list[str]] = ([], [])
        self._at += 1
        while not self.done:
            line = self._lines[self._at]
            if _SEARCH.match(line):
                self._refuse("cut-off", start + 1, "the block has no `>>>>>>> REPLACE`")
            self._at += 1
            if divider is None and _DIVIDER.match(line):
                divider = self._at
            elif divider is not None and _DIVIDER.match(line):
                self._skip_block()
                self._refuse("unreadable", start + 1, "the block has two `=======` lines")
            elif _REPLACE.match(line):
                if divider is None:
                    self._refuse("unreadable", start + 1, "the block has no `=======`")
                return self._replacement(start, named, *parts)
            else:
                parts[divider is not None].append(line)
        self._refuse("cut-off", start + 1, "the block has no `>>>>>>> REPLACE`")

    def _replacement(self, start: int, named: str, old: list[str], new: list[str]) -> Edit:
        search, replace = ("".join(f"{line}\n" for line in part) for part in (old, new))
        path = self._path_in(named) or self._path or self._only_holder(search)
        if path is None:
            problem = "the block names no file; put FILE: path above it"
            self._refuse("unreadable", start + 1, problem)
        return ReplaceText(path=path, search=search, replace=replace)

    def _only_holder(self, search: str) -> str | None:
        holders = [p for p, text in self._tree.items() if search.strip() and search in text]
        return holders[0] if len(holders) == 1 else None

    def _skip_block(self) -> None:
        while not self.done and not _SEARCH.match(self._lines[self._at]):
            self._at += 1
            if _REPLACE.match(self._lines[self._at - 1]):
                return

    def _command(self, command: Command) -> list[Edit]:
        start = self._at
        self._at += 1
        self._path = None
        body = None
        if command.takes_body and command.value is None:
            body = self._body(start, command.written)
        return patch_command.edits(command, body, self._tree, start + 1)

    def _body(self, start: int, command: str) -> str:
        """The content of the fence that must follow a command, blank lines apart."""
        while not self.done and not self._lines[self._at].strip():
            self._at += 1
        fence = None if self.done else _FENCE.match(self._lines[self._at])
        if fence is None:
            code: RefusalCode = "cut-off" if self.done else "unreadable"
            self._refuse(code, start + 1, f"`{command}` must be followed by a ``` block")
        self._at += 1
        return self._fenced(fence, start)

    def _fenced(self, fence: re.Match[str], start: int) -> str:
        body: list[str] = []
        while not self.done:
            line = self._lines[self._at]
            self._at += 1
            if _closes(line, fence):
                return "".join(f"{text}\n" for text in body)
            body.append(line)
        self._refuse("cut-off", start + 1, "the ``` block has no end")

    def _diff(self) -> list[Edit]:
        end, found = unified_diff.read(self._lines, self._at, self._tree)
        self._at = end
        return found

    def _loose_fence(self, fence: re.Match[str]) -> list[Edit]:
        """A fence that no command asked for: noise around blocks, a diff, or quoted code."""
        start = self._at
        self._at += 1
        follows = self._at
        while follows < len(self._lines) and not self._lines[follows].strip():
            follows += 1
        if follows >= len(self._lines):
            return []
        first = self._lines[follows]
        path_first = follows + 1 < len(self._lines) and _SEARCH.match(self._lines[follows + 1])
        if _SEARCH.match(first) or patch_command.read(first):
            return []
        if path_first and self._path_in(first):
            return []
        if unified_diff.begins(self._lines, follows) or first.startswith("@@ "):
            return []
        if not fence.group(2) and not self._closed_later():
            return []
        if self._path_in(self._last_prose) or _COMMANDLIKE.match(self._last_prose):
            self._fenced(fence, start)
            self._refuse(
                "unreadable",
                start + 1,
                f"a ``` block under {self._last_prose.strip()[:80]!r}, which is no command",
            )
        self._fenced(fence, start)
        return []

    def _closed_later(self) -> bool:
        return any(_FENCE.match(line) for line in self._lines[self._at :])

    def _refuse(self, code: RefusalCode, line: int, problem: str) -> NoReturn:
        raise refused(code, f"line {line} of the answer: {problem}; send the block again, whole")


def _closes(line: str, opening: re.Match[str]) -> bool:
    text, mark = line.strip(), opening.group(1)
    return len(text) >= len(mark) and set(text) == {mark[0]}
