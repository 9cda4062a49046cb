"""The seed bundle, repaired by recipes alone: steps, smoke test, what is read and refused."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from ohgw_tools import guard, templates
from ohgw_tools.bundle import Bundle
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.check import check
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Patch
from ohgw_tools.editing.patch import apply
from ohgw_tools.recipe import all_recipes

SEED = Path(__file__).parents[1] / "bundles" / "seed" / "exp-2.bundle.json"
CONTRACT = Contract.load("base-derived")
VARIATIONS = (
    "pasha-baseline",
    "pasha-ohgw-vision-tuned-eta",
    "pasha-ohgw-low-eta",
    "pasha-ohgw-noisy-data",
)


def next_patch(bundle: Bundle, findings) -> tuple[str, Patch] | None:
    for recipe in all_recipes():
        mine = tuple(
            f
            for f in findings
            if f.severity != "info" and any(fnmatchcase(f.rule, a) for a in recipe.ANSWERS)
        )
        if mine and (patch := recipe.propose(bundle, CONTRACT, mine)) is not None:
            return recipe.NAME, patch
    return None


@pytest.fixture(scope="module")
def steps():
    """(recipe, verdict before, patch, bundle after, verdict after) for each step."""
    bundle, found = load(SEED), []
    verdict = check(bundle, CONTRACT)
    for _ in range(20):
        proposed = next_patch(bundle, verdict.findings) if verdict.errors else None
        if proposed is None:
            break
        name, patch = proposed
        after = bundle.with_derived(apply(bundle.derived, patch).tree)
        refused = guard.inspect(bundle, after, patch, CONTRACT)
        assert [f for f in refused if f.severity == "error"] == [], name
        then = check(after, CONTRACT)
        found.append((name, verdict, patch, after, then))
        bundle, verdict = after, then
    return found


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


@pytest.fixture(scope="module")
def project(repaired, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("seed")
    for path, text in repaired.derived.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return folder


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(project / "hf"),
        "OMP_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=800,
    )


@pytest.fixture(scope="module")
def smoke(project):
    done = run(project, "-m", "src.main", "--smoke-test", "--results-dir", "results")
    assert done.returncode == 0, done.stderr[-3000:]
    found = {
        v: json.loads((project / "results" / v / "results.json").read_text()) for v in VARIATIONS
    }
    return done, found


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(900)
class TestSmokeRun:
    def test_runs_offline_and_says_that_the_text_is_not_the_dataset(self, smoke):
        done, found = smoke
        assert "WARNING: WIKITEXT_103 not found" in done.stderr
        for result in found.values():
            assert result["data"]["WIKITEXT_103"]["is_real_dataset"] is False

    def test_variations_start_from_the_same_configurations(self, smoke):
        _, found = smoke
        drawn = {v: [w["sampled"] for w in found[v]["replicates"][0]["warm_starts"]] for v in found}
        assert all(drawn[v] == drawn["pasha-baseline"] for v in drawn)

    def test_the_warm_start_moves_every_hyper_parameter_by_eta_times_its_gradient(self, smoke):
        _, found = smoke
        for variation, result in found.items():
            eta = {"pasha-baseline": None, "pasha-ohgw-low-eta": 3e-4}.get(variation, 1e-3)
            for start in result["replicates"][0]["warm_starts"]:
                assert ("moved_to" in start) == (eta is not None)
                if eta is None:
                    continue
                assert set(start["gradient"]) == set(start["sampled"])
                for name, value in start["sampled"].items():
                    moved = start["moved_to"][name] - value
                    assert moved == pytest.approx(
                        -eta * start["gradient"][name], rel=1e-5, abs=1e-15
                    )
                flagged = {n for n, m in start["method"].items() if m == "finite_difference"}
                assert flagged == {"attention_dropout", "residual_dropout"}

    def test_variations_leave_finite_distinct_results_figures_and_a_model(self, smoke, project):
        _, found = smoke
        perplexities = {v: r["replicates"][0]["best_val_ppl"] for v, r in found.items()}
        assert len(set(perplexities.values())) == len(VARIATIONS)
        assert all(1 < p < 1000 for p in perplexities.values())
        for variation in VARIATIONS:
            assert (project / "results" / variation / "best_model.pt").stat().st_size > 1000
            figure = project / "results" / "images" / f"training_loss_{variation}.pdf"
            assert figure.read_bytes().startswith(b"%PDF")

    def test_metrics_of_the_description_are_reported(self, smoke):
        done, found = smoke
        replicate = found["pasha-ohgw-low-eta"]["replicates"][0]
        for name in ("time_to_target_sec", "best_val_ppl", "test_ppl", "ood_ppl", "flops_overhead"):
            assert name in replicate
        for name in ("val_ece_top10", "delta_ppl", "ood_ppl"):
            assert name in replicate["best_epoch_metrics"][-1]
        assert replicate["peak_memory_bytes"] < 2 << 30
        assert '"p_value_bonferroni"' in done.stdout

    def test_final_models_are_attacked_and_what_attacked_them_is_named(self, smoke):
        done, found = smoke
        assert "ATTACKING BY embedding neighbours (substitute for TextFooler)" in done.stderr
        for result in found.values():
            report = result["replicates"][0]["adversarial"]
            assert report["attack"] == "embedding neighbours (substitute for TextFooler)"
            assert report["sentences"] == 4
            assert 0 < report["changed_words_share"] <= 0.2
            assert report["attacked_ppl"] > report["clean_ppl"] > 1
            assert result["final_metrics"]["adversarial_delta_ppl"] == report["delta_ppl"]

    def test_pasha_kept_to_its_second_rung(self, smoke):
        _, found = smoke
        for result in found.values():
            jobs = result["replicates"][0]["jobs"]
            assert {start for _, start, _ in jobs} == {0, 1}
            assert max(end for _, _, end in jobs) <= 4


@pytest.mark.torch
def test_the_full_experiment_fails_loudly_without_its_data(project):
    done = run(project, "-m", "src.main", "--full-experiment", "--results-dir", "full")
    assert done.returncode != 0
    assert "Give its directory as dataset.local_dir or WIKITEXT_103_DIR" in done.stderr
    assert "PYTHON'S DOCS" not in done.stderr


PROBE = """
import json, sys, yaml
from src import preprocess as pp
cfg = yaml.safe_load(open("config/smoke_test.yaml"))["runs"][3]
cfg["dataset"].pop("offline_fallback")
found = {}
for split in ("train", "val", "test", "ood"):
    loader = pp.get_dataloader(cfg, split=split)
    rows = [loader.dataset[i] for i in range(len(loader.dataset))]
    hit = sum((r["input_ids"] != r["labels"]).sum().item() for r in rows)
    total = sum(r["labels"].numel() for r in rows)
    found[split] = [hit / total, total]
print(json.dumps([found, pp.DATA_SOURCES]))
"""


@pytest.mark.torch
@pytest.mark.parametrize("form", ["text", "parquet", "save_to_disk"])
def test_the_real_dataset_is_read_from_a_folder_and_noise_touches_training_inputs_alone(
    project, tmp_path, form
):
    lines = []
    for article in range(60):
        words = [hashlib.sha256(f"{article}-{i}".encode()).hexdigest()[:6] for i in range(200)]
        lines += [
            f" = Title {article} = ",
            *(" ".join(words[i : i + 20]) for i in range(0, 200, 20)),
        ]
    splits = {"train": lines, "validation": lines[:110], "test": lines[:660]}
    write = {
        "text": "for s in d: open(f'{out}/{s}.txt', 'w').write('\\n'.join(d[s]))",
        "parquet": "for s in d: D.from_dict({'text': d[s]}).to_parquet(f'{out}/{s}.parquet')",
        "save_to_disk": "DD({s: D.from_dict({'text': d[s]}) for s in d}).save_to_disk(out)",
    }[form]
    (tmp_path / "splits.json").write_text(json.dumps(splits))
    program = (
        "import json, sys\nfrom datasets import Dataset as D, DatasetDict as DD\n"
        f"out = {str(tmp_path)!r}\nd = json.load(open(out + '/splits.json'))\n{write}\n"
    )
    made = run(project, "-c", program)
    assert made.returncode == 0, made.stderr[-2000:]
    folder = f"import os; os.environ['WIKITEXT_103_DIR'] = {str(tmp_path)!r}\n"
    done = run(project, "-c", folder + PROBE)
    assert done.returncode == 0, done.stderr[-2000:]
    found, sources = json.loads(done.stdout.splitlines()[-1])
    assert sources["WIKITEXT_103"] == {"source": str(tmp_path), "is_real_dataset": True}
    assert found["train"][0] == pytest.approx(0.15, abs=0.02)
    assert [found[split][0] for split in ("val", "test", "ood")] == [0, 0, 0]
