"""How far the origins of lines agree with `git blame` on the same history of real code.

    python bench/trace/blame.py --histories 20

Each history takes a real file (this project's sources) through 30 revisions of random edits:
lines put in, replaced and taken out, as patches do; and then with blank lines put in and existing
lines written again elsewhere as well, where it is a matter of taste which line is the new one.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ohgw_agent.trace.blame import Line, follow, lines_of

SOURCES = sorted((Path(__file__).parents[2] / "tools" / "ohgw_tools").glob("*.py"))
REVISIONS = 30
PLAIN = ("insert", "replace", "remove")
AMBIGUOUS = (*PLAIN, "repeat", "blank")


class Patch:
    """What `follow` needs to know of a patch: its name."""

    def __init__(self, name: str) -> None:
        self.id = name


def git(folder: Path, *words: str) -> str:
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, env=clean, capture_output=True, check=True
    )
    return done.stdout.decode()


def edited(lines: list[str], rng: random.Random, kinds: tuple[str, ...]) -> list[str]:
    """A patch: one to four edits of a few lines."""
    lines = list(lines)
    for _ in range(rng.randint(1, 4)):
        at, size = rng.randrange(len(lines)), rng.randint(1, 6)
        fresh = [f"    value_{rng.randrange(10**6)} = {rng.randrange(99)}\n" for _ in range(size)]
        kind = rng.choice(kinds)
        if kind == "insert":
            lines[at:at] = fresh
        elif kind == "replace":
            lines[at : at + size] = fresh
        elif kind == "remove" and len(lines) > 80:
            del lines[at : at + size]
        elif kind == "repeat":
            source = rng.randrange(len(lines))
            lines[at:at] = lines[source : source + size]
        else:
            lines[at:at] = ["\n"]
    return lines


def history(rng: random.Random, folder: Path, kinds: tuple[str, ...]) -> dict[str, int]:
    text = rng.choice(SOURCES).read_text()
    lines = [Line(n, words) for n, words in enumerate(lines_of(text), 1)]
    commits: dict[str, str] = {}
    git(folder, "init", "-q")
    for step in range(REVISIONS + 1):
        if step:
            text = "".join(edited(lines_of(text), rng, kinds))
            patch: Any = Patch(f"p{step}")
            lines = follow(lines, text, patch)
        (folder / "file.py").write_text(text)
        git(folder, "add", ".")
        git(folder, "commit", "-q", "--allow-empty", "-m", "x")
        commits[git(folder, "rev-parse", "HEAD").strip()] = f"p{step}"
    ours = [line.patch.id if line.patch else "p0" for line in lines]
    rows = git(folder, "blame", "--line-porcelain", "file.py").splitlines()
    theirs = [commits[row[:40]] for row in rows if row[:40] in commits]
    alike = sum(a == b for a, b in zip(ours, theirs, strict=True))
    return {"lines": len(ours), "alike": alike}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20261122)
    arguments = parser.parse_args()
    for title, kinds in (("as patches make them", PLAIN), ("made to be ambiguous", AMBIGUOUS)):
        compare(title, kinds, arguments.histories, random.Random(arguments.seed))
    return 0


def compare(title: str, kinds: tuple[str, ...], histories: int, rng: random.Random) -> None:
    total = {"lines": 0, "alike": 0}
    for _ in range(histories):
        with tempfile.TemporaryDirectory() as name:
            for key, value in history(rng, Path(name), kinds).items():
                total[key] += value
    share = 100 * total["alike"] / total["lines"]
    print(f"edits {title}: {histories} histories of {REVISIONS} revisions,"
          f" {total['lines']} lines at the end, {share:.2f} % as git blame has them")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
