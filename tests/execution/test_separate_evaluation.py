"""A contract whose evaluation is a program of its own: it gets what training left."""

import sys

import pytest
from execution_bundle import MAIN, make

from ohgw_tools.contract import Contract, Program
from ohgw_tools.environments.interpreter_probe import given
from ohgw_tools.running.smoke import run_stage
from ohgw_tools.sandbox import Limits
from ohgw_tools.sandboxes import bubblewrap

ARGV = ("python", "-m", "src.evaluate", "{results}", "{runs}")
CONTRACT = Contract.load("base-derived").model_copy(
    update={"evaluate": Program(argv=ARGV, limits=Limits(wall_seconds=20))}
)
TRAINING = MAIN.replace('(results / "images" / "loss.pdf").write_bytes(b"%PDF-1.4\\n")', "pass")
EVALUATE = """\
import json
import sys
from pathlib import Path


def main():
    results, runs = Path(sys.argv[1]), sys.argv[2].split(",")
    losses = [json.loads((results / run / "results.json").read_text())["loss"] for run in runs]
    {body}
    (results / "images" / "loss.pdf").write_bytes(b"%PDF-1.4" + str(losses).encode())


if __name__ == "__main__":
    main()
"""


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def run(body="pass", contract=CONTRACT, **more):
        evaluate = EVALUATE.replace("{body}", body)
        files = {"src/main.py": TRAINING, "src/evaluate.py": evaluate, **more}
        interpreter = given(sys.executable)
        return run_stage(make(files=files), contract, bubblewrap.create(), interpreter=interpreter)

    return run


def test_it_runs_on_what_training_left_and_its_figures_count(stage):
    verdict = stage()
    assert (verdict.status, [f.rule for f in verdict.errors]) == ("pass", [])
    assert [s["name"] for s in verdict.facts["steps"]] == ["import-probe", "smoke", "evaluate"]
    assert "evaluate" in verdict.facts["observed"]
    assert not any(f.rule == "evaluation-not-run" for f in verdict.findings)


@pytest.mark.parametrize(
    ("body", "rule", "place"),
    [
        ("raise ValueError('no such metric')", "evaluate-crash", "src/evaluate.py:9:5"),
        ("return", "figure-missing", "(bundle)"),
        ("\n    while True: pass", "evaluate-timeout", "src/evaluate.py:10:5"),
    ],
)
def test_what_is_wrong_with_it_has_its_rule_and_line(stage, body, rule, place):
    program = CONTRACT.evaluate.model_copy(update={"limits": Limits(wall_seconds=2)})
    verdict = stage(body, CONTRACT.model_copy(update={"evaluate": program}))
    assert [(f.rule, f.place) for f in verdict.errors] == [(rule, place)]


def test_it_is_not_run_where_training_failed(stage):
    broken = "def train(run):\n    raise KeyError('psi')\n"
    verdict = stage(**{"src/train.py": broken})
    assert [step["name"] for step in verdict.facts["steps"]] == ["import-probe", "smoke"]


def test_a_wish_for_the_network_is_undecided(stage):
    verdict = stage("import urllib.request; urllib.request.urlopen('http://data.example.org/x')")
    assert verdict.status == "undecided"
    assert "--allow-host" in verdict.reason
