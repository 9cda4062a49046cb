"""The seed bundle, repaired by recipes alone: each step, and what the last one leaves."""

from __future__ import annotations

import ast

import pytest
import seed_steps
import yaml
from seed_steps import CONTRACT, SEED, VARIATIONS, next_patch

from ohgw_tools import templates
from ohgw_tools.bundle import Bundle
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.check import check
from ohgw_tools.editing.patch import apply
from ohgw_tools.recipe import all_recipes


@pytest.fixture(scope="module")
def steps():
    return seed_steps.steps()


@pytest.fixture(scope="module")
def repaired(steps) -> Bundle:
    return steps[-1][3]


def test_recipes_alone_make_the_seed_statically_ready(steps, repaired):
    assert steps[-1][4].errors == ()
    assert steps[-1][3] is repaired
    assert [name for name, *_ in steps] == [
        "restore-call",
        "smoke-from-full",
        "described-budget",
        "dataset-loader",
        "token-noise",
        "placeholder-name",
        "ohgw-warm-start",
        "settled-contradiction",
        "trial-loop",
        "word-attack",
        "paired-seeds",
    ]


def test_each_verdict_names_what_the_next_patch_mends(steps):
    for name, verdict, patch, _, then in steps:
        named = {f.fingerprint for f in verdict.findings}
        assert patch.answers, name
        assert set(patch.answers) <= named, name
        left = {f.fingerprint for f in then.findings}
        assert left.isdisjoint(patch.answers), name


def test_no_patch_brings_in_an_error_but_what_a_file_held_that_could_not_be_judged_before(steps):
    for name, verdict, _, _, then in steps:
        new = {f.fingerprint for f in then.errors} - {f.fingerprint for f in verdict.errors}
        if name != "smoke-from-full":
            assert not new, name


def test_every_contradiction_of_the_description_is_settled_in_writing(steps, repaired):
    before = [f for f in steps[0][1].findings if f.rule == "contradictory-description"]
    after = [f for f in steps[-1][4].findings if f.rule == "contradictory-description"]
    assert len(before) == len(after) == 6
    assert {f.severity for f in before} == {"warning"}
    assert {f.severity for f in after} == {"info"}
    text = repaired.derived["config/full_experiment.yaml"]
    assert all(f"): {f.data['settled']}" in text for f in after)


def defined(text: str) -> set[str]:
    kinds = ast.FunctionDef | ast.ClassDef
    return {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)}


def test_files_functions_and_commands_of_the_base_are_kept(repaired):
    assert set(repaired.derived) == set(CONTRACT.files)
    seed = load(SEED).derived
    for path in seed:
        if path.endswith(".py"):
            before, after = defined(seed[path]), defined(repaired.derived[path])
            assert before <= after, path


def test_the_full_configuration_is_the_described_experiment(repaired):
    runs = yaml.safe_load(repaired.derived["config/full_experiment.yaml"])["runs"]
    assert [run["run_id"] for run in runs] == list(VARIATIONS)
    etas = [run["ohgw"].get("eta_h") for run in runs]
    assert etas == [None, 0.001, 0.0003, 0.001]
    for run in runs:
        search = run["search"]
        assert run["dataset"]["name"] == "WIKITEXT_103"
        assert "offline_fallback" not in run["dataset"]
        assert run["training"]["epochs"] == 50
        assert run["adversarial"] == {"sentences": 5000}
        assert search["scheduler"] == "PASHA"
        assert (search["min_epochs"], search["reduction_factor"]) == (2, 2)
        assert search["seeds"] == list(range(42, 66))
        assert search["budget_gpu_hours"] == 16
        assert search["target"] == ["val_ppl", 30.0]
        assert set(search["space"]) == {
            "log10_lr",
            "log10_weight_decay",
            "attention_dropout",
            "residual_dropout",
            "label_smoothing",
            "warmup_scale",
        }
    assert [run["dataset"].get("noise_ratio") for run in runs] == [None, None, None, 0.15]


def test_the_smoke_configuration_runs_all_variations_of_the_same_dataset(repaired):
    runs = yaml.safe_load(repaired.derived["config/smoke_test.yaml"])["runs"]
    assert [run["run_id"] for run in runs] == list(VARIATIONS)
    assert {run["dataset"]["name"] for run in runs} == {"WIKITEXT_103"}
    assert {run["dataset"]["offline_fallback"] for run in runs} == {"python_docs"}
    assert {run["search"]["scheduler"] for run in runs} == {"PASHA"}


def test_a_search_without_its_comparison_gets_it(steps, repaired):
    path = "src/evaluate.py"
    without = repaired.with_derived(repaired.derived.with_file(path, load(SEED).derived[path]))
    findings = check(without, CONTRACT).findings
    recipe = next(r for r in all_recipes() if r.NAME == "variation-comparison")
    mine = tuple(f for f in findings if f.rule in recipe.ANSWERS)
    patch = recipe.propose(without, CONTRACT, mine)
    assert patch is not None
    assert apply(without.derived, patch).tree == repaired.derived


def test_lifted_code_is_the_templates_code(repaired):
    model = repaired.derived["src/model.py"]
    for name in ("PashaScheduler", "one_shot_hypergradient"):
        module = "schedulers" if "Scheduler" in name else "hypergradient"
        assert templates.definitions(module, name) in model


def test_the_repair_is_deterministic(steps):
    bundle = load(SEED)
    for name, verdict, patch, after, _ in steps:
        assert next_patch(bundle, verdict.findings) == (name, patch)
        bundle = after
