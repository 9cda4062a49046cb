"""Answers that were written by hand once, through a real server, repair their bundles every time.

Each file of tests/traces/played holds the answers of one run in their order, each with the tokens
that it cost; its bundle is in tests/bundles/played, exp-2's in tests/bundles/seed. The answers are
given back in order, not by the keys of requests: words of a finding may change, what a patch does
to the bundle may not. Where recipes have moved the lines that a review quotes, they are looked up.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from scripted_server import Fail, Say

from ohgw_agent.token_estimate import estimate
from ohgw_agent.trace.history import History
from ohgw_agent.trace.reader import Reader
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.check import check
from ohgw_tools.contract import Contract

ROOT = Path(__file__).parents[2]
PLAYED = ROOT / "tests" / "traces" / "played"
BUNDLES = ROOT / "tests" / "bundles" / "played"
SEED = "exp-2"
NAMES = sorted(path.stem for path in PLAYED.glob("*.jsonl"))


def place(name):
    seed = ROOT / "tests" / "bundles" / "seed" / f"{name}.bundle.json"
    return seed if name == SEED else BUNDLES / f"{name}.json"


def records(name):
    text = (PLAYED / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def regeneration(name):
    """Tokens of writing the whole bundle anew, which a round without patches costs."""
    return sum(estimate(text) for text in load(place(name)).derived.values())


def looked_up(answer, prompt, code):
    """The answer with each quote's line as it stands in the prompt now."""
    said = json.loads(answer)
    for criterion in said["criteria"]:
        for cited in [*criterion["seen"], *criterion["issues"]]:
            shown = prompt.split(f"=== {cited['path']} [{code}]\n", 1)[1].split(
                f"=== end [{code}]"
            )[0]
            lines = [line.partition("| ") for line in shown.splitlines()]
            cited["line"] = next(int(n) for n, _, text in lines if cited["quote"] in text)
    return json.dumps(said)


class Player:
    """Gives the recorded answers of each purpose in their order."""

    def __init__(self, name):
        self.left = {"propose": [], "review": []}
        for record in records(name):
            self.left[record["purpose"]].append(record)

    def __call__(self, request):
        purpose = "review" if "You review" in request.text[:200] else "propose"
        if not self.left[purpose]:
            return Fail(400, f"nothing more was recorded to {purpose}")
        record = self.left[purpose].pop(0)
        prompt = request.body["messages"][1]["content"]
        code = re.search(r"\[([0-9a-f]{8})\]", prompt)[1]
        text = record["text"].replace("{{code}}", code)
        if purpose == "review":
            text = looked_up(text, prompt, code)
        return Say(text, usage=tuple(record["usage"]))


def test_there_are_the_seed_and_five_other_kinds_of_bundles():
    assert SEED in NAMES
    assert len(NAMES) >= 6
    assert {path.stem for path in BUNDLES.glob("*.json")} >= set(NAMES) - {SEED}


@pytest.mark.parametrize("name", NAMES)
def test_no_round_costs_more_than_a_fifth_of_writing_the_bundle_anew(name):
    rounds = [r["usage"][1] for r in records(name) if r["purpose"] == "propose"]
    assert rounds
    assert max(rounds) <= 4000
    assert max(rounds) <= regeneration(name) / 5


@pytest.mark.parametrize("name", NAMES)
def test_the_bundle_is_not_ready_before(name):
    bundle = load(place(name))
    verdict = check(bundle, Contract.load("base-derived"))
    assert verdict.status in ("pass", "fail")
    if verdict.status == "pass":
        assert name == "kmeans-start", "only its run shows what is wrong"


def assert_each_finding_has_its_answer(runs):
    """The record shows what was wrong, and which patches that stayed say that they answer it."""
    (folder,) = [path for path in runs.iterdir() if path.is_dir()]
    history = History(Reader(folder))
    by_tree = {attempt.tree: attempt for attempt in history.attempts if not attempt.refused}
    kept = history.path_to(history.final_tree)
    assert any(patch.origin == "chat:played" for patch in kept)
    for patch in kept:
        before = by_tree[patch.base_tree].errors
        if patch.origin == "chat:played":
            assert patch.answers
            assert set(patch.answers) <= set(before)
            assert not set(patch.answers) & set(by_tree[patch.result_tree].errors)
    assert not by_tree[history.final_tree].errors


def played(name, server, tmp_path, *more):
    """Run `fix` with the recorded answers; return its outcome, the delivered bundle, the player."""
    player = Player(name)
    output = tmp_path / "fixed.json"
    one = server(player)
    done = subprocess.run(
        [
            sys.executable, "-m", "ohgw_agent", "fix", str(place(name)),
            "-o", str(output), "--runs-dir", str(tmp_path / "runs"), "--base-url", one.url,
            "--model", "played", "--llm-tries", "1", "--json", "-q", *more,
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=1700,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout), load(output), player


def assert_as_played(name, outcome, fixed, player, tmp_path):
    assert outcome["ready"] is True
    assert player.left == {"propose": [], "review": []}
    assert fixed.derived != load(place(name)).derived
    assert_each_finding_has_its_answer(tmp_path / "runs")
    spent = sum(r["usage"][1] for r in records(name))
    assert outcome["spend"]["output_tokens"] == spent


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", [n for n in NAMES if n != SEED])
def test_recorded_answers_bring_the_bundle_to_ready(name, server, tmp_path):
    found = played(name, server, tmp_path, "--sandbox", "bubblewrap")
    assert_as_played(name, *found, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_recorded_answers_and_recipes_settle_all_that_was_found_in_the_seed(server, tmp_path):
    """Its smoke test is run where recipes are tested; here its findings and the review's."""
    found = played(SEED, server, tmp_path, "--static-only", "--review")
    assert_as_played(SEED, *found, tmp_path)
    train = found[1].derived["src/train.py"]
    assert 'report["kernels"] = kernel_profile(hypergradient)' in train
