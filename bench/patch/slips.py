"""How many malformed answers are understood, how many edits are wrong, and what that costs.

    python -m venv /tmp/aider && /tmp/aider/bin/pip install aider-chat
    python bench/patch/slips.py [--aider /tmp/aider/bin/python]

Runs the slip corpus of tests/patch through this project, and through a floor beside it: the usual
strict reading (SEARCH/REPLACE blocks alone, the first exact match, block by block, good blocks kept
where others fail). CPU time is of this process, reading and applying, as a ratio to the floor's.
With --aider also through aider's own code, on those answers alone that hold nothing but
SEARCH/REPLACE blocks, the one form that both read, with this project beside it on the same ones.
The slips were written for this project; what aider was not made to mend counts as lost too.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ohgw_tools.editing.patch import apply
from ohgw_tools.editing.patch_text import read_patch
from ohgw_tools.errors import PatchRejected
from ohgw_tools.tree import Tree

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "patch"))
from slip_corpus import Slip, corpus

BLOCK = re.compile(
    r"^FILE: (\S+)\n<<<<<<< SEARCH\n(.*?)=======\n(.*?)>>>>>>> REPLACE$", re.DOTALL | re.MULTILINE
)


def ours(slip: Slip) -> Tree | None:
    try:
        return apply(slip.tree, read_patch(slip.answer, slip.tree)).tree
    except PatchRejected:
        return None


def floor(slip: Slip) -> Tree | None:
    tree, changed = slip.tree, False
    for path, old, new in BLOCK.findall(slip.answer):
        if path in tree and old and old in tree[path]:
            tree, changed = tree.with_file(path, tree[path].replace(old, new, 1)), True
    return tree if changed else None


# What says that an answer uses a form that aider does not have.
OTHER = re.compile(
    r"^\s*(?:NEW FILE|ADD IMPORT|(?:SET|REMOVE) KEY|APPEND ITEM"
    r"|(?:INSERT|REPLACE|REMOVE) DEFINITION|--- |\+\+\+ |@@ |\{)",
    re.MULTILINE,
)


def aider(slips: list[Slip], python: str) -> tuple[Counter[str], float]:
    """aider's own reading of the same answers, with the names of files as it wants them."""
    cases = [
        {"answer": re.sub(r"(?m)^FILE: ", "", slip.answer), "files": dict(slip.tree)}
        for slip in slips
    ]
    reader = Path(__file__).with_name("aider_reader.py")
    done = subprocess.run(
        [python, str(reader)], input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    trees = [None if files is None else Tree(files) for files in answer["results"]]
    return _counted(slips, trees), answer["seconds"]


def _counted(slips: list[Slip], results: list[Tree | None]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for slip, result in zip(slips, results, strict=True):
        if result is None:
            counts["lost" if slip.wanted is not None else "refused"] += 1
        else:
            counts["right" if result == slip.wanted else "wrong"] += 1
    return counts


def measure(slips: list[Slip], run: Callable[[Slip], Tree | None]) -> tuple[Counter[str], float]:
    started = time.process_time()
    results = [run(slip) for slip in slips]
    seconds = time.process_time() - started
    return _counted(slips, results), seconds


def show(slips: list[Slip], figures: dict[str, tuple[Counter[str], float]]) -> None:
    unambiguous = sum(slip.wanted is not None for slip in slips)
    rest = len(slips) - unambiguous
    print(f"{len(slips)} answers: {unambiguous} that leave no doubt, {rest} to be refused")
    for name, (counts, seconds) in figures.items():
        share = counts["right"] / unambiguous
        print(
            f"{name:>6}: recovered {share:6.1%}, wrong edits {counts['wrong']:4d}, "
            f"refused as they should be {counts['refused'] / max(1, rest):6.1%}, "
            f"{1000 * seconds / len(slips):.2f} ms CPU an answer"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--aider", help="a Python that has aider-chat")
    python = parser.parse_args().aider
    slips = corpus()
    figures = {name: measure(slips, run) for name, run in (("ohgw", ours), ("floor", floor))}
    show(slips, figures)
    ratio = figures["ohgw"][1] / figures["floor"][1]
    print(f"CPU time, ohgw / floor (which checks nothing): {ratio:.0f}")
    if python:
        blocks = [s for s in slips if "<<<<<<<" in s.answer and not OTHER.search(s.answer)]
        print("\nof SEARCH/REPLACE blocks alone:")
        show(blocks, {"ohgw": measure(blocks, ours), "aider": aider(blocks, python)})


if __name__ == "__main__":
    main()
