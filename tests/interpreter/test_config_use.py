"""What is read, compared, handed on, and what of a configuration makes no difference."""

import textwrap

from interpreted import run, subject_of

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.contract import Contract
from ohgw_tools.rules import identical_variations, unread_key
from ohgw_tools.subject import Subject

MAIN = """
    import yaml
    with open("config/full_experiment.yaml") as f:
        config = yaml.safe_load(f)
"""
FULL = "config/full_experiment.yaml"


def _reads(code, config):
    return run(textwrap.dedent(MAIN) + textwrap.dedent(code), config).config(FULL)


def test_reads_are_known_by_their_keys():
    use = _reads("x = config['runs'][0]['optim'].get('lr')", "runs: [{optim: {lr: 0.1, wd: 0}}]")
    assert ("runs", 0, "optim", "lr") in use.reads
    assert ("runs", 0, "optim", "wd") not in use.reads


def test_a_value_is_followed_through_merged_defaults():
    code = """
    def merge(a, b):
        out = dict(a)
        for k, v in b.items():
            out[k] = merge(out[k], v) if isinstance(v, dict) and k in out else v
        return out
    run = merge(config["defaults"], config["runs"][0])
    run["optim"]["lr"]
    """
    config = """
    defaults: {optim: {lr: 0.1, wd: 0.0}}
    runs: [{optim: {lr: 0.2, warmup: 0.3}}]
    """
    use = _reads(code, config)
    assert ("runs", 0, "optim", "lr") in use.reads
    assert ("runs", 0, "optim", "warmup") not in use.reads


def test_a_value_is_followed_through_a_dataclass_and_a_file():
    code = """
    import json
    from dataclasses import dataclass
    @dataclass
    class Options:
        lr: float
        noise: float
    with open("run.json", "w") as f:
        json.dump(config["runs"][0], f)
    with open("run.json") as f:
        options = Options(**json.load(f))
    options.lr * 2
    """
    use = _reads(code, "runs: [{lr: 0.1, noise: 0.3}]")
    assert ("runs", 0, "lr") in use.reads
    assert ("runs", 0, "noise") not in use.reads


def test_what_goes_to_a_library_is_used_whole():
    use = _reads("import lib\nlib.fit(config['runs'][0])", "runs: [{a: {b: 1}}]")
    assert use.is_used(("runs", 0, "a", "b"), 1)


def test_what_is_only_logged_is_not_used():
    use = _reads("import wandb\nwandb.init(config=config['runs'][0])", "runs: [{a: {b: 1}}]")
    assert not use.is_used(("runs", 0, "a", "b"), 1)


def test_comparisons_say_with_what_and_whether_it_matched():
    use = _reads("if config['name'].lower() == 'x':\n    pass", "name: Y")
    (comparison,) = use.comparisons[("name",)]
    assert (comparison.constants, comparison.matched, comparison.line) == (("x",), False, 5)


def _seed() -> Subject:
    from pathlib import Path

    from ohgw_tools.bundles.bundle_file import load

    path = Path(__file__).parents[1] / "bundles" / "seed" / "exp-2.bundle.json"
    return Subject(load(path), Contract.load("base-derived"))


def test_the_seed_refuses_its_dataset_on_every_run():
    from ohgw_tools.rules import registry_gap

    (finding,) = registry_gap.check(_seed())
    assert (finding.path, finding.region.start_line) == ("src/preprocess.py", 68)
    assert finding.data["name"] == "WIKITEXT_103"
    assert finding.data["key"] == "dataset.name"
    assert finding.data["config"] == FULL
    assert len(finding.data["runs"]) == 4
    assert "train.py:424 > :316 > preprocess.py:84" in finding.message


def test_the_seed_has_noise_that_nothing_reads_and_so_two_equal_variations():
    subject = _seed()
    (key,) = unread_key.check(subject)
    assert (key.data["key"], key.region.start_line) == ("dataset.noise_ratio", 79)
    (pair,) = identical_variations.check(subject)
    assert pair.data["variations"] == ["pasha-ohgw-vision-tuned-eta", "pasha-ohgw-noisy-data"]


def test_the_seed_crashes_nowhere_else():
    errors = _seed().interpretation.exceptions
    assert {(e.path, e.line) for e in errors} == {("src/preprocess.py", 68)}


def test_variations_told_apart_by_a_comparison_are_not_alike():
    code = textwrap.dedent(MAIN) + textwrap.dedent(
        """
        for run in config["runs"]:
            if run["method"] == "a":
                x = 1
        """
    )
    for names, count in (("a", "b"), 0), (("b", "c"), 1):
        config = f"runs: [{{run_id: p, method: {names[0]}}}, {{run_id: q, method: {names[1]}}}]"
        subject = subject_of(code, config)
        experiment = Experiment(id="e", run_variations=("p", "q"))
        bundle = Bundle(base={}, derived=subject.bundle.derived, experiment=experiment)
        again = Subject(bundle, subject.contract)
        errors = [f for f in identical_variations.check(again) if f.severity == "error"]
        assert len(errors) == count, names
