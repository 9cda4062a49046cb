"""Running a smoke test again: what differs is told from what only the machine makes differ."""

import sys

import pytest
import yaml
from execution_bundle import make

from ohgw_tools.contract import Contract
from ohgw_tools.environments.interpreter_probe import given
from ohgw_tools.running.repeated_run import shift_seeds
from ohgw_tools.running.smoke import run_stage
from ohgw_tools.sandboxes import bubblewrap

CONTRACT = Contract.load("base-derived")


@pytest.fixture(scope="module")
def stage():
    sandbox, interpreter = bubblewrap.create(), given(sys.executable)

    def run(body, repeat=2):
        bundle = make(body)
        return run_stage(
            bundle, CONTRACT, sandbox, interpreter=interpreter, observe=False, repeat=repeat
        )

    return run


def rules(verdict):
    return {f.rule: f.severity for f in verdict.findings}


def test_a_program_that_repeats_and_heeds_its_seed(stage):
    verdict = stage("pass")
    assert (verdict.status, verdict.findings) == ("pass", ())
    assert verdict.facts["repeat"] == {"runs": 2, "failed": 0, "differing": []}
    assert [step["name"] for step in verdict.facts["steps"]][-1] == "smoke-other-seed"


def test_results_that_do_not_repeat(stage):
    verdict = stage("random.seed()")
    assert rules(verdict) == {"result-not-repeatable": "warning"}
    assert "alpha/results.json:loss" in verdict.findings[0].message


def test_measures_of_the_machine_may_differ(stage):
    verdict = stage("return {'train_time_sec': __import__('time').time(), 'loss': random.random()}")
    assert rules(verdict) == {}


def test_results_that_ignore_the_seed(stage):
    assert rules(stage("return {'loss': 0.125}")) == {"result-ignores-seed": "warning"}


def test_a_program_that_fails_now_and_then(stage):
    body = "import os; assert os.getpid() < 0 or os.urandom(1)[0] < 181"
    verdict = stage(body, repeat=20)
    assert rules(verdict)["flaky"] == "error"
    assert 0 < verdict.facts["repeat"]["failed"] < 20


def test_only_seeds_are_shifted():
    text = b"seed: 1\nruns:\n- {data_seed: 2, seeds: [3, 4], seed_name: 5, lr: 0.1}\n"
    shifted = yaml.safe_load(shift_seeds(text))
    assert shifted["seed"] != 1
    (run,) = shifted["runs"]
    assert run["data_seed"] != 2
    assert 3 not in run["seeds"]
    assert (run["seed_name"], run["lr"]) == (5, 0.1)
    assert shift_seeds(b"lr: 1") == b"lr: 1"
    assert shift_seeds(b"a: [") == b"a: ["
