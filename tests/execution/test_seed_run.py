"""The seed's bundle, run for real with PyTorch, in an environment made from its own pyproject."""

from pathlib import Path

import pytest

from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.contract import Contract
from ohgw_tools.running.smoke import run_stage
from ohgw_tools.sandboxes import bubblewrap

pytestmark = [pytest.mark.torch, pytest.mark.slow, pytest.mark.timeout(1800)]
SEED = Path(__file__).parents[1] / "bundles" / "seed" / "exp-2.bundle.json"
VARIATIONS = {
    "pasha-baseline",
    "pasha-ohgw-vision-tuned-eta",
    "pasha-ohgw-low-eta",
    "pasha-ohgw-noisy-data",
}


def judge(bundle):
    return run_stage(bundle, Contract.load("base-derived"), bubblewrap.create(), deep=True)


@pytest.fixture(scope="module")
def derived():
    return judge(load(SEED))


@pytest.fixture(scope="module")
def base():
    bundle = load(SEED)
    return judge(bundle.with_derived(bundle.base))


def steps(verdict):
    return {step["name"]: step for step in verdict.facts["steps"]}


def found(verdict, rule):
    return [f for f in verdict.findings if f.rule == rule]


def test_the_smoke_test_is_green_and_trains(derived):
    assert (steps(derived)["smoke"]["outcome"], steps(derived)["smoke"]["exit_code"]) == (
        "exited",
        0,
    )
    assert b"val_acc" in derived.blobs["smoke/results/smoke_random_model/results.json"]
    seen = derived.facts["observed"]["smoke"]
    assert seen["complete"]
    assert [(o["name"], o["steps"], o["settings"]["lr"]) for o in seen["optimizers"]] == [
        ("SGD", 16, 0.01)
    ]
    assert {"random:0", "numpy.random:0", "torch:0"} <= set(seen["seeds"])


def test_green_or_not_it_did_not_run_what_is_declared(derived):
    assert derived.status == "fail"
    missing = found(derived, "variation-not-run")
    assert {f.data["variation"] for f in missing} == VARIATIONS
    assert [(f.data["dataset"], f.place) for f in found(derived, "dataset-not-run")] == [
        ("WIKITEXT_103", "config/smoke_test.yaml:9:7")
    ]
    assert [f.data["model"] for f in found(derived, "model-not-run")] == ["gpt2_small_lm"]
    assert all(f.severity == "error" for f in missing)


def test_the_full_experiment_raises_at_its_line(derived):
    (crash,) = found(derived, "full-crash")
    assert crash.severity == "error"
    assert crash.path == "src/preprocess.py"
    assert crash.region is not None
    line = load(SEED).derived["src/preprocess.py"].splitlines()[crash.region.start_line - 1]
    assert line.strip() == "raise NotImplementedError("
    assert "WIKITEXT_103" in crash.message


def test_the_noise_is_read_by_nobody(derived):
    (unread,) = found(derived, "config-key-never-read")
    assert (unread.data["key"], unread.data["run"]) == ("noise_ratio", "pasha-ohgw-noisy-data")
    assert unread.path == "config/full_experiment.yaml"


def test_torchvision_is_declared_wanted_by_nobody_and_said_to_be_left_out(derived):
    assert derived.facts["not_installed"] == ["torchvision"]
    assert any(package.startswith("torch==") for package in derived.facts["packages"])


def test_base_does_as_measured(base):
    assert steps(base)["smoke"]["exit_code"] == 0
    (crash,) = found(base, "full-crash")
    assert crash.message.startswith("full experiment: NotImplementedError: Dataset 'DATASET_PLACE")
