"""How runs end: each stop reason, the tree that is delivered, and the exit code that says so."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ohgw_agent.budget import Budget
from ohgw_agent.proposers.scripted import ScriptedProposer
from ohgw_agent.repair import fix
from ohgw_agent.settings import Settings
from ohgw_agent.trace.reader import Reader
from ohgw_tools.bundles.bundle_file import load, parse
from ohgw_tools.edit import Patch, ReplaceText, SetKey
from ohgw_tools.editing.refusal import refused
from ohgw_tools.errors import SandboxFailed, SandboxUnavailable
from ohgw_tools.sandbox import Execution, Output, Probe

BUNDLES = Path(__file__).parents[1] / "bundles"
MODEL = "src/model.py"
STATIC = Settings(static_only=True, review=False)


@pytest.fixture(scope="module")
def good():
    return load(BUNDLES / "quickstart-good.json")


@pytest.fixture
def broken(good):
    """One defect: a model that the configurations name is not registered."""
    line = '    "TWO_LAYER_MLP": TwoLayerMLP,\n'
    text = good.derived[MODEL]
    assert line in text
    return good.with_derived(good.derived.with_file(MODEL, text.replace(line, "")))


def edit(search, replace, path=MODEL):
    return Patch(edits=(ReplaceText(path=path, search=search, replace=replace),), note="try")


REGISTRY = '    "SOFTMAX_REGRESSION": SoftmaxRegression,\n'
MEND = edit(REGISTRY, REGISTRY + '    "TWO_LAYER_MLP": TwoLayerMLP,\n')
ASIDE = '"""Write all parameters to one .npz file."""'


def aside(words):
    return edit(ASIDE, f'"""{words}."""')


def run(bundle, script, tmp_path, settings=STATIC, **more):
    return fix(bundle, settings, runs_dir=tmp_path, proposers=[ScriptedProposer(script)], **more)


def test_a_bundle_that_is_ready_at_once_is_left_alone(good, tmp_path):
    trace = run(good, [MEND], tmp_path)
    assert (trace.stop, trace.exit_code, len(trace.attempts)) == ("ready", 0, 1)
    assert trace.bundle.derived == good.derived


def test_one_patch_mends(good, broken, tmp_path):
    trace = run(broken, [MEND], tmp_path)
    assert (trace.stop, trace.exit_code) == ("ready", 0)
    assert trace.bundle.derived == good.derived
    assert trace.attempts[1].fixed
    assert not trace.attempts[1].new


def test_nothing_left_to_try(broken, tmp_path):
    trace = run(broken, [], tmp_path)
    assert (trace.stop, trace.exit_code) == ("given up", 1)
    assert trace.bundle.derived == broken.derived


def test_a_patch_that_does_not_apply_changes_nothing(broken, tmp_path):
    trace = run(broken, [edit("no such text", "x"), MEND], tmp_path)
    assert trace.attempts[1].tree == broken.derived.digest
    assert trace.attempts[1].judgement.verdicts[0].stage == "patch"
    assert [v.status for v in trace.attempts[1].judgement.verdicts] == ["fail"]
    assert trace.stop == "ready"


def test_an_unreadable_answer_is_an_attempt_of_its_own(broken, tmp_path):
    trace = run(broken, [refused("unreadable", "no block in it"), MEND], tmp_path)
    assert trace.attempts[1].patch is None
    assert trace.stop == "ready"
    assert trace.spend.attempts == 2


@pytest.mark.parametrize("period", [1, 2, 3])
def test_going_in_circles_ends_by_round_four(broken, tmp_path, period):
    words = ["first wording", "second wording", "third wording"][:period]
    trace = run(broken, [aside(words[i % period]) for i in range(12)], tmp_path)
    assert (trace.stop, trace.exit_code) == ("stuck", 4)
    assert len(trace.attempts) - 1 <= 4
    assert trace.bundle.derived == broken.derived


def test_other_bytes_with_the_same_findings_end_by_round_four(broken, tmp_path):
    trace = run(broken, [aside(f"wording number {i}") for i in range(12)], tmp_path)
    assert trace.stop == "stuck"
    assert len(trace.attempts) - 1 <= 4


def test_the_same_refusal_again_and_again_ends(broken, tmp_path):
    trace = run(broken, [edit("no such text", "x")] * 12, tmp_path)
    assert trace.stop == "stuck"
    assert len(trace.attempts) - 1 <= 4


def test_a_worse_tree_is_not_delivered(broken, tmp_path):
    worse = edit("class SoftmaxRegression:", "class Softmax:")
    trace = run(broken, [worse], tmp_path)
    assert trace.attempts[1].new
    assert trace.bundle.derived == broken.derived


def test_the_budget_of_attempts_is_kept(broken, tmp_path):
    settings = STATIC.model_copy(update={"budget": Budget(attempts=1)})
    worse = edit("class SoftmaxRegression:", "class Softmax:")
    trace = run(broken, [worse, MEND], tmp_path, settings)
    assert (trace.stop, trace.exit_code) == ("exhausted", 4)
    assert "attempts" in trace.why
    assert trace.spend.attempts == 1


def test_no_sandbox_is_undecided_and_never_ready(good, tmp_path):
    trace = run(good, [], tmp_path, Settings(sandbox="none", review=False))
    assert (trace.stop, trace.exit_code) == ("undecided", 3)
    assert not trace.ready


class Broken:
    """A sandbox that cannot be used, or that breaks."""

    name = "broken"

    def __init__(self, error):
        self.error = error

    def probe(self):
        return Probe(name=self.name, works=False, detail=str(self.error))

    def run(self, files, argv, **options):
        raise self.error


@pytest.mark.parametrize(
    ("error", "stop", "code"),
    [
        (SandboxUnavailable("no engine answers", "Start it"), "undecided", 3),
        (SandboxFailed("the engine went away"), "sandbox failed", 5),
    ],
)
def test_a_sandbox_that_fails_says_nothing_of_the_bundle(good, tmp_path, error, stop, code):
    trace = run(
        good, [], tmp_path, Settings(review=False, python=sys.executable), sandbox=Broken(error)
    )
    assert (trace.stop, trace.exit_code) == (stop, code)
    assert not trace.judgement.errors


def test_every_attempt_is_on_record(broken, tmp_path):
    trace = run(broken, [edit("no such text", "x"), aside("other words"), MEND], tmp_path)
    events = Reader(trace.folder).events
    assert events[0].kind == "run.start"
    assert events[-1].kind == "run.end"
    attempts = [e for e in events if e.kind == "attempt"]
    assert [e.data["tree"] for e in attempts] == [a.tree for a in trace.attempts]
    assert events[-1].digest == trace.head


def _patches():
    wordings = st.sampled_from(["one", "two", "three", "# TODO later", "PLACEHOLDER"])
    steps = st.one_of(
        st.just(MEND),
        wordings.map(aside),
        st.just(edit("no such text", "x")),
        st.just(edit("class SoftmaxRegression:", "class Softmax:")),
        st.just(edit("import numpy as np", "import numpy as np\nfrom .gone import x")),
        st.just(Patch(edits=(SetKey(path="config/smoke_test.yaml", key=("runs",), value=[]),))),
        st.just(refused("unreadable", "nothing to read")),
    )
    return st.lists(steps, max_size=6)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    script=_patches(),
    executed=st.sampled_from(["static", "good", "bad", "missing"]),
    candidates=st.sampled_from([1, 1, 2, 3]),
)
@example(script=[MEND, MEND], executed="good", candidates=2)
def test_exit_code_0_only_if_the_delivered_tree_is_ready(
    broken, tmp_path, script, executed, candidates
):
    sandboxes = {"good": 0, "bad": 1}
    more = {"sandbox": Answering(sandboxes[executed])} if executed in sandboxes else {}
    how = {
        "static": STATIC,
        "missing": Settings(sandbox="none", review=False),
    }.get(executed, Settings(review=False, python=sys.executable, observe=False))
    how = how.model_copy(update={"candidates": candidates})
    trace = run(broken, script, tmp_path, how, **more)
    assert [a.number for a in trace.attempts] == list(range(len(trace.attempts)))
    # Of two candidates that come to one tree, one is run, and the other is set aside unrun.
    held = [a for a in trace.attempts if not a.set_aside]
    last = [a for a in held if a.tree == trace.bundle.derived.digest][-1]
    ready = all(v.status == "pass" for v in last.judgement.verdicts) and (
        {v.stage for v in last.judgement.verdicts} >= set(last.judgement.required)
    )
    assert (trace.exit_code == 0) == ready
    if executed in ("bad", "missing"):
        assert trace.exit_code != 0


class Answering:
    """Says of every program that it ended with this code, and leaves what a smoke test must."""

    name = "answering"

    def __init__(self, code):
        self.code = code

    def probe(self):
        return Probe(name=self.name, works=True, detail="")

    def run(self, files, argv, **options):
        artifacts = {}
        for run_id in ("sgd-baseline", "heavy-ball", "nesterov"):
            value = 0.5 + len(run_id) / 100
            results = {"run_id": run_id, "final": {"test_accuracy": value}}
            artifacts[f"results/{run_id}/results.json"] = json.dumps(results).encode()
            artifacts[f"results/{run_id}/stdout.log"] = b"done\n"
            artifacts[f"results/{run_id}/stderr.log"] = b""
        artifacts["results/images/comparison.pdf"] = b"%PDF-1.7\n%%EOF\n"
        return Execution(
            backend=self.name,
            outcome="exited",
            exit_code=self.code,
            stdout=Output(text="done"),
            artifacts=artifacts,
        )


def test_a_bundle_without_anything_is_refused_before_a_run_begins(tmp_path):
    with pytest.raises(Exception, match="no derived code"):
        fix(parse('{"derived": {}}'), runs_dir=tmp_path)
    assert not list(tmp_path.iterdir())
