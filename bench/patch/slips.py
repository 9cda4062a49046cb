"""How many malformed answers are understood, how many edits are wrong, and what that costs.

    python bench/patch/slips.py

Runs the slip corpus of tests/patch through this project, and through a floor beside it: the usual
strict reading (SEARCH/REPLACE blocks alone, the first exact match, block by block, good blocks kept
where others fail). CPU time is of this process, reading and applying, as a ratio to the floor's.
"""

from __future__ import annotations

import re
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


def measure(slips: list[Slip], run: Callable[[Slip], Tree | None]) -> tuple[Counter[str], float]:
    counts: Counter[str] = Counter()
    started = time.process_time()
    results = [run(slip) for slip in slips]
    seconds = time.process_time() - started
    for slip, result in zip(slips, results, strict=True):
        if result is None:
            counts["lost" if slip.wanted is not None else "refused"] += 1
        else:
            counts["right" if result == slip.wanted else "wrong"] += 1
    return counts, seconds


def main() -> None:
    slips = corpus()
    unambiguous = sum(slip.wanted is not None for slip in slips)
    rest = len(slips) - unambiguous
    print(f"{len(slips)} answers: {unambiguous} that leave no doubt, {rest} to be refused")
    figures = {name: measure(slips, run) for name, run in (("ohgw", ours), ("floor", floor))}
    for name, (counts, seconds) in figures.items():
        share = counts["right"] / unambiguous
        print(
            f"{name:>6}: recovered {share:6.1%}, wrong edits {counts['wrong']:4d}, "
            f"refused as they should be {counts['refused'] / rest:6.1%}, "
            f"{1000 * seconds / len(slips):.2f} ms CPU an answer"
        )
    ratio = figures["ohgw"][1] / figures["floor"][1]
    print(f"CPU time, ohgw / floor (which checks nothing): {ratio:.0f}")


if __name__ == "__main__":
    main()
