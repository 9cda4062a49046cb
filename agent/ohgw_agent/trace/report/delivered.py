"""Delivered: the final files, each run of lines beside the patch that wrote it."""

from __future__ import annotations

from itertools import groupby

from ohgw_agent.trace.blame import Line, blame
from ohgw_agent.trace.history import History
from ohgw_agent.trace.report.markup import Child, Html, el, many

MOST_BYTES = 120_000


def files(history: History) -> Html:
    """The files that a patch changed, open to look at, and the names of the others."""
    tree = history.reader.tree(history.final_tree, allow_redacted=True)
    given = history.reader.tree(history.input_tree, allow_redacted=True)
    shown, whole = [], []
    for place, path in enumerate(tree):
        if given.get(path) == tree[path]:
            whole.append(path)
        else:
            shown.append(_file(history, path, place, len(tree[path])))
    gone = [path for path in given if path not in tree]
    return el(
        "section",
        el("h2", "Delivered files", id="files"),
        el("p", f"As they came: {', '.join(whole)}.", class_="faint") if whole else None,
        el("p", f"Removed: {', '.join(gone)}.") if gone else None,
        shown or el("p", "No patch changed any file."),
    )


def _file(history: History, path: str, place: int, size: int) -> Html:
    lines = blame(history, path)
    changed = sum(line.patch is not None for line in lines)
    head = el("summary", el("code", path), f" {changed} of {len(lines)} lines by patches")
    if size > MOST_BYTES:
        words = f"{size} bytes: too long to show here; `ohgw-agent blame` shows it"
        return el("details", head, el("p", words), id=f"file{place}")
    rows = [_block(list(block)) for _, block in groupby(lines, key=_origin)]
    box = el("div", many(rows), class_="blame", tabindex="0", role="group", aria_label=path)
    return el("details", head, box, id=f"file{place}")


def _origin(line: Line) -> str:
    return line.patch.id if line.patch else ""


def _block(lines: list[Line]) -> Html:
    """Lines of one origin: who wrote them, their numbers, their words."""
    patch = lines[0].patch
    who: Child = el("a", patch.id, href=f"#{patch.id}") if patch else "input"
    numbers = "\n".join(str(line.number) for line in lines)
    words = "".join(_ended(line.text) for line in lines)
    return many(
        el("div", who, class_="who new" if patch else "who"),
        el("pre", numbers, class_="numbers", aria_hidden="true"),
        el("pre", words, class_="words new" if patch else "words"),
    )


def _ended(text: str) -> str:
    """One line for each line: what `harmless` would break in two must not shift the numbers."""
    return text.rstrip("\n").replace("\r", "\u240d") + "\n"
