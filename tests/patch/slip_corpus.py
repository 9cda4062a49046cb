"""The slip corpus: answers that are malformed or drifted, each with the one right outcome.

A case is right in one way only: either the tree that the author of the answer meant (slips that
leave no doubt), or a refusal with one of the codes given. Anything else that gets applied is a
wrong edit. Generated cases take real files and right edits, and make one slip in each; the
hand-written ones are in `hand_written_slips`.
"""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.tree import Tree

BUNDLES = Path(__file__).parent.parent / "bundles"
EDITS = 14


class Slip(NamedTuple):
    """An answer, the tree it is for, and the tree or the refusal codes that are right for it."""

    name: str
    answer: str
    tree: Tree
    wanted: Tree | None
    codes: tuple[str, ...] = ()


class Right(NamedTuple):
    """A right edit: whole lines of a file, and what is to stand there."""

    path: str
    old: str
    new: str

    def applied(self, tree: Tree) -> Tree:
        assert tree[self.path].count(self.old) == 1
        return tree.with_file(self.path, tree[self.path].replace(self.old, self.new))


def block(path: str, old: str, new: str) -> str:
    return f"FILE: {path}\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"


def tree() -> Tree:
    files = dict(load(BUNDLES / "quickstart-good.json").derived)
    seed = load(BUNDLES / "seed" / "exp-2.bundle.json").derived
    files |= {f"seed/{path.rsplit('/', 1)[-1]}": text for path, text in seed.items()}
    return Tree(files)


def right_edits(files: Tree) -> list[Right]:
    """Edits of one to six lines in different files, chosen by a fixed seed."""
    chance = random.Random(20251003)
    found: list[Right] = []
    paths = [p for p in files if p.endswith((".py", ".yaml")) and files[p].count("\n") > 20]
    while len(found) < EDITS:
        path = chance.choice(paths)
        lines = files[path].split("\n")
        size = chance.randint(2, 6)
        at = chance.randrange(1, len(lines) - size - 1)
        old = "\n".join(lines[at : at + size]) + "\n"
        numbers = re.findall(r"(?<![\w.])\d+(?![\w.])", old)
        good = old.strip() and lines[at].strip() and lines[at + size - 1].strip() and numbers
        squeezed = re.sub(r"\s+", "", old)
        if not good or re.sub(r"\s+", "", files[path]).count(squeezed) != 1:
            continue
        number = numbers[-1]
        new = re.sub(rf"(?<![\w.]){number}(?![\w.])", str(int(number) + 17), old)
        # Lines must not be worth anything elsewhere once indentation is gone.
        found.append(Right(path, old, new))
    return found


Maker = Callable[[Right], str | None]


def _indented(text: str, by: int) -> str:
    if by < 0 and any(x.strip() and not x.startswith(" " * -by) for x in text.split("\n")):
        return ""
    lines = text.split("\n")
    return "\n".join((" " * by + x if by > 0 else x[-by:]) if x.strip() else x for x in lines)


def _both(change: Callable[[str], str]) -> Maker:
    def make(right: Right) -> str | None:
        old, new = change(right.old), change(right.new)
        return block(right.path, old, new) if old and old != right.old else None

    return make


def _around(form: str) -> Maker:
    return lambda right: form.replace("BLOCK", block(right.path, right.old, right.new))


def _path(change: Callable[[str], str]) -> Maker:
    return lambda right: block(change(right.path), right.old, right.new)


def _numbered(text: str) -> str:
    return "".join(f"{n:>4}| {line}\n" for n, line in enumerate(text.splitlines(), 41))


def _diff(right: Right, header: str, lines: str = "") -> str:
    old = "".join(f"-{x}\n" for x in right.old.splitlines())
    new = "".join(f"+{x}\n" for x in right.new.splitlines())
    return f"--- a/{right.path}\n+++ b/{right.path}\n{header}\n{lines}{old}{new}"


def _json_answer(right: Right) -> str:
    edit = {"op": "replace-text", "path": right.path, "search": right.old, "replace": right.new}
    return json.dumps({"edits": [edit]})


def _one_line(text: str) -> str:
    return json.dumps(text.removesuffix("\n"))[1:-1] + "\n"


def _first_line_stripped(right: Right) -> str | None:
    if not right.old.startswith(" "):
        return None
    return block(right.path, right.old.lstrip(" "), right.new.lstrip(" "))


def _no_last_newline(right: Right) -> str:
    return json.dumps(
        {
            "edits": [
                {
                    "op": "replace-text",
                    "path": right.path,
                    "search": right.old.rstrip("\n"),
                    "replace": right.new.rstrip("\n"),
                }
            ]
        }
    )


def _blank_line_added(right: Right) -> str | None:
    first, _, rest = right.old.partition("\n")
    return block(right.path, f"{first}\n\n{rest}", right.new) if rest.strip() else None


def _inner_blanks(text: str) -> str:
    return re.sub(r"(\S)  ?(=|:|,)  ?(\S)", r"\1 \2  \3", text)


def _markers(opening: str, middle: str, closing: str) -> Maker:
    return lambda r: f"FILE: {r.path}\n{opening}\n{r.old}{middle}\n{r.new}{closing}\n"


RECOVERED: dict[str, Maker] = {
    "right": lambda r: block(r.path, r.old, r.new),
    "prose around": _around("Sure, this mends it:\n\nBLOCK\nThat is all; nothing else changes.\n"),
    "trailing blanks": _both(lambda t: re.sub(r"(?m)(\S)$", r"\1  ", t)),
    "trailing tab": _both(lambda t: re.sub(r"(?m)(\S)$", "\\1\t", t)),
    "CRLF": lambda r: block(r.path, r.old, r.new).replace("\n", "\r\n"),
    "four blanks more": _both(lambda t: _indented(t, 4)),
    "one blank more": _both(lambda t: _indented(t, 1)),
    "two blanks less": _both(lambda t: _indented(t, -2)),
    "four blanks less": _both(lambda t: _indented(t, -4)),
    "first line's indentation lost": _first_line_stripped,
    "fence around": _around("```python\nBLOCK```\n"),
    "fence without language": _around("```\nBLOCK```\n"),
    "tilde fence": _around("~~~\nBLOCK~~~\n"),
    "fence in both parts": _both(lambda t: f"```python\n{t}```\n"),
    "blank lines around": _both(lambda t: f"\n{t}\n"),
    "line numbers": _both(_numbered),
    "HTML escapes": _both(lambda t: html.escape(t)),
    "JSON unicode escapes": _both(lambda t: t.replace(">", "\\u003e").replace("<", "\\u003c")),
    "JSON string on one line": _both(_one_line),
    "curly double quotes": _both(lambda t: re.sub(r'"([^"\n]*)"', "“\\1”", t)),
    "curly single quotes": _both(lambda t: t.replace("'", "’")),
    "no-break blanks": _both(lambda t: t.replace(" = ", "\u00a0=\u00a0")),
    "zero-width mark": _both(lambda t: "\u200b" + t),
    "tabs": _both(lambda t: t.replace("    ", "\t") if "    " in t else ""),
    "diff marks": lambda r: block(
        r.path,
        re.sub(r"(?m)^(?!\Z)", "-", r.old),
        re.sub(r"(?m)^(?!\Z)", "+", r.new),
    ),
    "blank line added": _blank_line_added,
    "blanks within lines": lambda r: (
        block(r.path, _inner_blanks(r.old), r.new) if _inner_blanks(r.old) != r.old else None
    ),
    "prefix a/": _path(lambda p: f"a/{p}"),
    "prefix ./": _path(lambda p: f"./{p}"),
    "absolute prefix": _path(lambda p: f"/work/bundle/{p}"),
    "backslashes": _path(lambda p: p.replace("/", "\\")),
    "path in backticks": _path(lambda p: f"`{p}`"),
    "path in bold": _path(lambda p: f"**{p}**"),
    "path as heading": lambda r: block(r.path, r.old, r.new).replace("FILE: ", "### "),
    "bare path line": lambda r: block(r.path, r.old, r.new).replace("FILE: ", ""),
    "path with a colon": lambda r: block(r.path, r.old, r.new).replace(r.path, f"{r.path}:"),
    "path in the fence": lambda r: (
        f"```python\n{block(r.path, r.old, r.new).removeprefix('FILE: ')}```\n"
    ),
    "path behind the marker": lambda r: (
        block(r.path, r.old, r.new)
        .replace(f"FILE: {r.path}\n", "")
        .replace("SEARCH", f"SEARCH {r.path}")
    ),
    "no path": lambda r: block(r.path, r.old, r.new).replace(f"FILE: {r.path}\n", ""),
    "short markers": _markers("<<<<< SEARCH", "=====", ">>>>> REPLACE"),
    "other words": _markers("<<<<<<< ORIGINAL", "=======", ">>>>>>> UPDATED"),
    "git words": _markers("<<<<<<< HEAD", "=======", ">>>>>>> fix"),
    "indented markers": _markers("  <<<<<<< SEARCH", "  =======", "  >>>>>>> REPLACE"),
    "JSON": _json_answer,
    "fenced JSON": lambda r: f"```json\n{_json_answer(r)}\n```",
    "no last line break": _no_last_newline,
    "diff": lambda r: _diff(r, "@@ -1,3 +1,3 @@"),
    "diff, fenced": lambda r: f"```diff\n{_diff(r, '@@ -1,3 +1,3 @@')}```\n",
    "diff, no counts": lambda r: _diff(r, "@@ ... @@"),
    "diff, wrong counts": lambda r: _diff(r, "@@ -900,77 +900,1 @@"),
    "diff, git header": lambda r: (
        f"diff --git a/{r.path} b/{r.path}\nindex 1..2 100644\n{_diff(r, '@@ -1 +1 @@ def f():')}"
    ),
}


def _drifted(right: Right) -> str | None:
    words = [w for w in re.findall(r"[a-z]{4,}", right.old) if right.old.count(w) == 1]
    return (
        block(right.path, right.old.replace(words[0], words[0][::-1]), right.new) if words else None
    )


def _elided(right: Right) -> str | None:
    lines = right.old.splitlines()
    if len(lines) < 3:
        return None
    old = "\n".join([lines[0], "    ...", lines[-1]]) + "\n"
    return block(right.path, old, right.new)


def _lazy(right: Right) -> str:
    mark = "# ... rest of the code unchanged ...\n"
    return block(right.path, right.old, right.new + mark)


REFUSED: dict[str, tuple[Maker, tuple[str, ...]]] = {
    "a drifted word": (_drifted, ("no-match",)),
    "an elision in the old text": (_elided, ("no-match", "lazy-text")),
    "lazy text": (_lazy, ("lazy-text",)),
    "no closing marker": (
        lambda r: block(r.path, r.old, r.new).replace(">>>>>>> REPLACE\n", ""),
        ("cut-off",),
    ),
    "no divider": (
        lambda r: block(r.path, r.old, r.new).replace("=======\n", "", 1),
        ("unreadable",),
    ),
    "two dividers": (
        lambda r: block(r.path, r.old, r.new + "=======\n" + r.new),
        ("unreadable",),
    ),
    "nothing changes": (lambda r: block(r.path, r.old, r.old), ("no-change",)),
    "no such file": (lambda r: block("src/nowhere.py", r.old, r.new), ("missing-file",)),
    "outside the bundle": (lambda r: block(f"../{r.path}", r.old, r.new), ("outside-bundle",)),
    "applied before": (lambda r: block(r.path, r.new, r.old), ("no-match",)),
    "twice in one answer": (lambda r: block(r.path, r.old, r.new) * 2, ("no-match",)),
    "one good block, one bad": (
        lambda r: block(r.path, r.old, r.new) + block(r.path, "no such line\n", "x\n"),
        ("no-match",),
    ),
}


def _generated(files: Tree) -> Iterator[Slip]:
    for number, right in enumerate(right_edits(files)):
        meant = right.applied(files)
        for kind, make in RECOVERED.items():
            if kind == "no path" and sum(right.old in text for text in files.values()) > 1:
                continue
            answer = make(right)
            if answer is not None and (kind == "right" or answer != RECOVERED["right"](right)):
                yield Slip(f"{kind} #{number}", answer, files, meant)
        for kind, (make, codes) in REFUSED.items():
            answer = make(right)
            if answer is not None:
                yield Slip(f"{kind} #{number}", answer, files, None, codes)
        yield from _changed_files(files, right, number)


def _changed_files(files: Tree, right: Right, number: int) -> Iterator[Slip]:
    """Slips of the file rather than of the answer: its line endings, its blanks, its doubles."""
    answer, text = block(right.path, right.old, right.new), files[right.path]
    windows = files.with_file(right.path, text.replace("\n", "\r\n"))
    meant = right.applied(files)[right.path]
    yield Slip(
        f"file in CRLF #{number}",
        answer,
        windows,
        windows.with_file(right.path, meant.replace("\n", "\r\n")),
    )
    twice = files.with_file(right.path, f"{text.rstrip()}\n\n{right.old}")
    yield Slip(f"stands twice #{number}", answer, twice, None, ("ambiguous",))
    shifted = files.with_file(right.path, f"{text.rstrip()}\n\n{_indented(right.old, 2)}")
    loose = block(right.path, _indented(right.old, 1), _indented(right.new, 1))
    yield Slip(f"stands twice, shifted #{number}", loose, shifted, None, ("ambiguous",))


def corpus() -> list[Slip]:
    """All cases, in a fixed order."""
    from hand_written_slips import HAND_WRITTEN

    return [*_generated(tree()), *HAND_WRITTEN]
