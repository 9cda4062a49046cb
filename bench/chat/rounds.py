"""What a round of repair costs in tokens, beside writing the whole bundle anew each round.

    python bench/chat/rounds.py

Reads the recorded runs of tests/traces/played and the two-file repair of the chat tests. For each
round that asked a model for a patch: tokens in and out as the server counted them, and the same for
a round that regenerates: it is sent the base code, the description and what was wrong (here: the
same findings and no code beside the base), and writes every file. Its tokens are guessed, by the
guess that bench/chat/tokens.py holds against real tokenizers; so are those of the two-file repair.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

from ohgw_agent.proposer import Situation
from ohgw_agent.repair_focus import focus
from ohgw_agent.repair_question import repair_question
from ohgw_agent.token_estimate import estimate
from ohgw_tools.bundle import Bundle
from ohgw_tools.bundles.bundle_file import load

ROOT = Path(__file__).parents[2]
PLAYED = ROOT / "tests" / "traces" / "played"
BUNDLES = ROOT / "tests" / "bundles"
sys.path.insert(0, str(ROOT / "tests" / "chat"))


class Row(NamedTuple):
    """A round: tokens sent and written by a patch, and by regeneration."""

    name: str
    sent: int
    written: int
    all_sent: int
    all_written: int


def regeneration(bundle: Bundle) -> tuple[int, int]:
    """Tokens in and out of a round that writes every file anew."""
    told = estimate(bundle.experiment.description)
    given = sum(estimate(text) for text in (bundle.base or bundle.derived).values())
    return told + given, sum(estimate(text) for text in bundle.derived.values())


def recorded() -> list[Row]:
    """The rounds of the recorded runs."""
    rows = []
    for path in sorted(PLAYED.glob("*.jsonl")):
        place = BUNDLES / "played" / f"{path.stem}.json"
        bundle = load(place if place.exists() else BUNDLES / "seed" / "exp-2.bundle.json")
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record["purpose"] == "propose":
                rows.append(Row(path.stem, *record["usage"], *regeneration(bundle)))
    return rows


def two_files() -> Row:
    """The two-file repair with its canned answer."""
    from test_chat_proposer import REPAIR, situation

    where: Situation = situation()
    asked = focus(where)
    assert asked is not None
    question = repair_question(where, asked, structured=False, max_output_tokens=4096)
    sent = sum(estimate(message.text) for message in question.messages)
    return Row("two files", sent, estimate(REPAIR), *regeneration(where.bundle))


def main() -> None:
    """Print the table."""
    rows = [*recorded(), two_files()]
    heads = ("round of", "in", "out", "anew: in", "anew: out", "out/anew")
    print("{:20} {:>7} {:>7} {:>9} {:>10} {:>9}".format(*heads))
    for row in rows:
        share = row.written / row.all_written
        print(f"{row.name:20} {row.sent:7} {row.written:7} {row.all_sent:9} ", end="")
        print(f"{row.all_written:10} {share:9.2f}")
    played = rows[:-1]
    print(f"most tokens out in a recorded round: {max(r.written for r in played)}")
    print(f"largest share of writing anew: {max(r.written / r.all_written for r in played):.2f}")
    ins, outs = (sum(r[i] for r in played) / sum(r[i + 2] for r in played) for i in (1, 2))
    print(f"all recorded rounds together, beside writing anew: in {ins:.2f}, out {outs:.2f}")


if __name__ == "__main__":
    main()
