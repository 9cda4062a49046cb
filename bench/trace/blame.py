"""How far the origins of lines agree with `git blame` on the same history of real code.

    python bench/trace/blame.py --histories 20
    python bench/trace/blame.py --runs runs      # recorded runs: every file that was delivered

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

from ohgw_agent.trace.blame import Line, account, blame, follow, lines_of
from ohgw_agent.trace.history import History
from ohgw_agent.trace.reader import Reader
from ohgw_tools.errors import TraceError

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


def recorded(folder: Path) -> dict[str, int]:
    """Compare all files of a recorded run's delivered tree, and count the changed lines whose patch
    names findings that a verdict holds, with rule and evidence, or says that it answers none.
    """
    run = History(Reader(folder))
    steps = run.path_to(run.final_tree)
    trees = [run.input_tree, *(str(step.result_tree) for step in steps)]
    counts = {"lines": 0, "alike": 0, "changed": 0, "resolved": 0}
    with tempfile.TemporaryDirectory() as name:
        place, commits = Path(name), dict[str, str]()
        git(place, "init", "-q")
        for tree, patch in zip(trees, [None, *steps], strict=True):
            for path, text in run.reader.tree(tree).items():
                (place / path).parent.mkdir(parents=True, exist_ok=True)
                (place / path).write_text(text, newline="")
            git(place, "add", ".")
            git(place, "commit", "-q", "--allow-empty", "-m", "x")
            commits[git(place, "rev-parse", "HEAD").strip()] = patch.id if patch else "p0"
        for path in run.reader.tree(run.final_tree):
            lines = blame(run, path)
            rows = git(place, "blame", "--line-porcelain", path).split("\n")
            theirs = [commits[row[:40]] for row in rows if row[:40] in commits]
            ours = [line.patch.id if line.patch else "p0" for line in lines]
            counts["lines"] += len(ours)
            counts["alike"] += sum(a == b for a, b in zip(ours, theirs, strict=True))
            changed = [line for line in lines if line.patch]
            counts["changed"] += len(changed)
            counts["resolved"] += sum(resolved(run, path, line) for line in changed)
    return counts


def resolved(run: History, path: str, line: Line) -> bool:
    """Whether a line leads to findings with rule and evidence, or to a patch that names none."""
    assert line.patch is not None
    found = account(run, path, line).motives
    told = all(m.finding.rule and (m.finding.evidence or m.finding.message) for m in found)
    return told and (bool(found) or not line.patch.answers)


def compare_recorded(runs: Path) -> None:
    total: dict[str, int] = {}
    folders = [p.parent for p in sorted(runs.glob("*/events.jsonl"))]
    for folder in folders:
        try:
            found = recorded(folder)
        except TraceError as error:  # contents removed with a tombstone, or a broken record
            print(f"{folder.name} left out: {error}")
            continue
        total = {key: total.get(key, 0) + value for key, value in found.items()}
    if not total:
        sys.exit(f"no records that can be read in {runs}")
    share = 100 * total["alike"] / total["lines"]
    print(f"{len(folders)} recorded runs, {total['lines']} lines delivered, {share:.2f} % as git"
          f" blame has them; {total['resolved']} of {total['changed']} changed lines lead to"
          " findings with rule and evidence, or to a patch that names none")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--runs", type=Path, help="a folder of records, in place of random edits")
    arguments = parser.parse_args()
    if arguments.runs:
        compare_recorded(arguments.runs)
        return 0
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
