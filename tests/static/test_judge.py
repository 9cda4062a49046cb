"""check() as a whole: severities, waivers, causes, caching, and what it says of the seed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.check import check
from ohgw_tools.contract import Contract
from ohgw_tools.rule import narrowed
from ohgw_tools.subject import ParseCache, Subject
from ohgw_tools.tree import Tree

SEED = Path(__file__).parents[1] / "bundles" / "seed" / "exp-2.bundle.json"
CONTRACT = Contract.load("base-derived")
BARE = CONTRACT.model_copy(update={"files": ()})
FULL = "config/full_experiment.yaml"


def bundle(**files):
    derived = {path.replace("__", "/") + ".py": text for path, text in files.items()}
    return Bundle(base=Tree({}), derived=Tree(derived), experiment=Experiment(id="e"))


@pytest.fixture(scope="module")
def seed():
    return check(load(SEED), CONTRACT)


def places(verdict, rule, severity="error"):
    return {
        f"{f.path}:{f.region.start_line}" if f.region else str(f.path)
        for f in verdict.findings
        if f.rule == rule and f.severity == severity
    }


def test_the_seed_is_not_ready_and_each_defect_has_its_place(seed):
    assert seed.status == "fail"
    assert places(seed, "placeholder-comment") == {
        "src/preprocess.py:66",
        "config/smoke_test.yaml:9",
    }
    assert places(seed, "placeholder-string") == {"src/preprocess.py:48"}
    assert places(seed, "placeholder-value") == {"config/smoke_test.yaml:9"}
    restored = {f.path for f in seed.findings if f.rule == "restored-base-file"}
    assert restored == {"src/preprocess.py", "config/smoke_test.yaml"}
    assert places(seed, "short-budget") == {f"{FULL}:23"}
    assert places(seed, "unpaired-seeds") == {f"{FULL}:28"}
    assert places(seed, "proxy-comment", "warning") == {"src/train.py:255", f"{FULL}:23"}
    assert places(seed, "lost-call", "warning") == {"src/train.py:201"}
    gap = next(f for f in seed.findings if f.rule == "registry-gap")
    assert gap.path == "src/preprocess.py"
    assert "WIKITEXT_103" in gap.message
    assert places(seed, "unread-key") == {f"{FULL}:79"}
    assert places(seed, "default-rebuild", "warning") == {"src/model.py:85"}
    assert places(seed, "unrelated-ranking", "warning") == {"src/evaluate.py:36"}
    lost = [f.message for f in seed.findings if f.rule == "lost-figure"]
    assert len(lost) == 1
    assert "accuracy_*.pdf" in lost[0]


def test_every_variation_that_the_seed_s_smoke_test_lacks_is_named(seed):
    missing = [f.data for f in seed.findings if f.rule == "missing-variation"]
    assert {data["variation"] for data in missing} == set(load(SEED).experiment.run_variations)
    assert {data["config"] for data in missing} == {"config/smoke_test.yaml"}


def test_what_the_seed_s_description_asks_for_and_its_code_lacks_is_a_warning(seed):
    parts = {f.data["part"] for f in seed.findings if f.rule == "unimplemented-part"}
    assert {
        *("PASHA", "expected calibration error", "perplexity", "test split", "peak memory"),
        *("cosine schedule", "learning-rate warm-up", "label smoothing", "attention dropout"),
        *("residual dropout", "out-of-distribution evaluation", "FLOPs", "time to a target"),
    } <= parts


def test_the_seed_s_description_contradicts_itself_in_six_ways(seed):
    subjects = {f.subject for f in seed.findings if f.rule == "contradictory-description"}
    assert subjects == {
        "updates",
        "split sizes",
        "tokenisation",
        "out-of-distribution set",
        "PASHA (2023) – gradient-aware",
        "example code",
    }


def test_what_follows_from_a_restored_file_is_grouped_under_it(seed):
    cause = "restored-base-file:src/preprocess.py"
    rules = {f.rule for f in seed.findings if f.cause == cause}
    assert {"restored-base-file", "placeholder-string", "registry-gap"} <= rules


def test_judging_twice_says_the_same(seed):
    assert check(load(SEED), CONTRACT).findings == seed.findings


def test_fingerprints_tell_findings_apart_and_survive_lines_above(seed):
    prints = [f.fingerprint for f in seed.findings]
    assert len(set(prints)) == len(prints)
    moved = load(SEED)
    text = "# harmless\n\n" + moved.derived["src/train.py"]
    after = check(moved.with_derived(moved.derived.with_file("src/train.py", text)), CONTRACT)
    assert {f.fingerprint for f in after.findings} == set(prints)


def test_only_a_changed_file_is_parsed_again():
    cache = ParseCache()
    one = load(SEED)
    before = Subject(one, CONTRACT, cache)
    kept, changed = before.python("src/model.py"), before.python("src/train.py")
    text = one.derived["src/train.py"] + "\n"
    after = Subject(one.with_derived(one.derived.with_file("src/train.py", text)), CONTRACT, cache)
    assert after.python("src/model.py") is kept
    assert after.python("src/train.py") is not changed
    assert after.python("src/evaluate.py", base=True) is after.python("src/evaluate.py")


def test_a_small_cache_still_judges_the_same(seed):
    assert check(load(SEED), CONTRACT, cache=ParseCache(size=1)).findings == seed.findings


def test_warnings_do_not_decide_and_a_contract_may_make_them():
    candidate = bundle(src__a="X = 1  # a simplified version of the real one\n")
    only = narrowed(BARE, ("proxy-comment",))
    assert check(candidate, only).status == "pass"
    rules = only.rules.model_copy(update={"severity": {"proxy-comment": "error"}})
    assert check(candidate, only.model_copy(update={"rules": rules})).status == "fail"


def test_ignored_rules_say_nothing():
    candidate = bundle(src__a="X = undefined  # TODO\n")
    quiet = narrowed(BARE, ignore=("placeholder-*", "undefined-name"))
    assert check(candidate, quiet).findings == ()


WAIVED = {
    "same line": "X = 1  # TODO: later  # ohgw: ignore[placeholder-comment] agreed with the lab\n",
    "line above": "# ohgw: ignore[placeholder-*] agreed\n\nX = 1  # TODO\n",
    "whole file": "# ohgw: ignore-file[*] generated by hand\n\n\nX = 1\nY = 2  # TODO\n",
}


@pytest.mark.parametrize("name", WAIVED)
def test_a_waiver_with_a_reason_takes_the_finding_out_of_the_verdict_only(name):
    verdict = check(bundle(src__a=WAIVED[name]), narrowed(BARE, ("placeholder-comment",)))
    assert verdict.status == "pass"
    assert [f.waived is not None for f in verdict.findings] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "X = 1  # TODO  # ohgw: ignore[placeholder-comment]\n",
        "X = 1  # TODO  # ohgw: ignore[short-budget] another rule\n",
        "# ohgw: ignore[placeholder-comment] the line below\nY = 2\nX = 1  # TODO\n",
        "X = '# ohgw: ignore[placeholder-comment] in a string'  # TODO\n",
    ],
)
def test_a_waiver_that_does_not_fit_waives_nothing(text):
    assert check(bundle(src__a=text), narrowed(BARE, ("placeholder-comment",))).status == "fail"


def test_judging_imports_nothing_heavy():
    program = (
        "import sys, json\n"
        "from ohgw_tools.bundles.bundle_file import load\n"
        "from ohgw_tools.check import check\n"
        "from ohgw_tools.contract import Contract\n"
        f"check(load({str(SEED)!r}), Contract.load('base-derived'))\n"
        "print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    heavy = {"libcst", "ruamel", "tomlkit", "rich", "docker", "langgraph", "openai", "jsonschema"}
    assert not heavy & set(json.loads(done.stdout))


def test_the_seed_yields_nothing_of_any_other_rule(seed):
    """Each finding was read and held against the bundle; a rule that is new here is to be, too."""
    assert {f.rule for f in seed.findings} == {
        *("restored-base-file", "placeholder-comment", "placeholder-docstring"),
        *("placeholder-string", "placeholder-value", "deferred-work", "registry-gap"),
        *("missing-variation", "short-budget", "unpaired-seeds", "unread-key"),
        *("identical-variations", "proxy-comment", "weight-warm-start", "missing-scheduler"),
        *("missing-attack", "unimplemented-part", "contradictory-description"),
        *("lost-definition", "lost-figure", "lost-call", "unused-dependency"),
        *("default-rebuild", "unrelated-ranking"),
    }
