"""Several patches asked for at once: all judged before any is run, the best kept, all on record."""

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "chat"))

from scripted_server import Fail, Say, ScriptedServer  # noqa: E402

from ohgw_agent.budget import Budget  # noqa: E402
from ohgw_agent.chat_model import Message, Question  # noqa: E402
from ohgw_agent.proposers.scripted import ScriptedProposer  # noqa: E402
from ohgw_agent.repair import fix, resume  # noqa: E402
from ohgw_agent.settings import ModelSettings, Settings  # noqa: E402
from ohgw_agent.trace import run as run_module  # noqa: E402
from ohgw_agent.trace.reader import Reader  # noqa: E402
from ohgw_agent.trace.verification import verify  # noqa: E402
from ohgw_tools.bundles.bundle_file import load  # noqa: E402
from ohgw_tools.edit import Patch, ReplaceText  # noqa: E402
from ohgw_tools.editing.refusal import refused  # noqa: E402
from ohgw_tools.sandbox import Execution, Output, Probe  # noqa: E402

MODEL = "src/model.py"
ENTRY = '    "TWO_LAYER_MLP": TwoLayerMLP,\n'
REGISTRY = '    "SOFTMAX_REGRESSION": SoftmaxRegression,\n'
ASIDE = '"""Write all parameters to one .npz file."""'


@pytest.fixture(scope="module")
def good():
    return load(ROOT / "tests" / "bundles" / "quickstart-good.json")


@pytest.fixture(scope="module")
def broken(good):
    text = good.derived[MODEL]
    assert ENTRY in text
    return good.with_derived(good.derived.with_file(MODEL, text.replace(ENTRY, "")))


def edit(search, replace, note="try"):
    return Patch(edits=(ReplaceText(path=MODEL, search=search, replace=replace),), note=note)


MEND = edit(REGISTRY, REGISTRY + ENTRY, "mend")
WORSE = edit("import numpy as np", "import numpy as np\nfrom .gone import x", "worse")


def aside(words):
    return edit(ASIDE, f'"""{words}."""')


def mended(words):
    """Mends the defect and says something beside it."""
    return Patch(edits=(*MEND.edits, *aside(words).edits), note=words)


def settings(count, **more):
    return Settings(**{"static_only": True, "review": False, "candidates": count, **more})


def run(bundle, script, tmp_path, how, **more):
    return fix(bundle, how, runs_dir=tmp_path, proposers=[ScriptedProposer(script)], **more)


def of_kind(trace, kind):
    return [e for e in Reader(trace.folder).events if e.kind == kind]


def test_the_best_of_a_round_is_kept_and_all_are_on_record(good, broken, tmp_path):
    trace = run(broken, [aside("one"), WORSE, MEND], tmp_path, settings(3))
    assert (trace.stop, trace.exit_code, trace.spend.attempts) == ("ready", 0, 3)
    assert trace.bundle.derived == good.derived
    assert [a.patch.note for a in trace.attempts[1:]] == ["try", "worse", "mend"]
    assert {a.parent for a in trace.attempts[1:]} == {broken.derived.digest}
    judged = {(e.data["attempt"], e.data["stage"]) for e in of_kind(trace, "verdict")}
    assert judged >= {(n, stage) for n in (1, 2, 3) for stage in ("patch", "static")}
    assert [e.data["best"] for e in of_kind(trace, "attempt")] == [True, True, False, False]
    assert verify(trace.folder).level in ("sealed", "anchored")


def test_what_a_patch_broke_is_held_against_it(broken, tmp_path):
    """Both leave two findings; the one that made them comes second, though it was asked first."""
    gone = edit(
        "import numpy as np", "import numpy as np\nfrom .gone import x\nfrom .lost import y"
    )
    swap = Patch(edits=(*MEND.edits, *gone.edits), note="swap")
    trace = run(broken, [swap, aside("kept")], tmp_path, settings(2, budget=Budget(attempts=2)))
    assert [e.data["attempt"] for e in of_kind(trace, "attempt")] == [0, 2, 1]
    assert [len(a.judgement.errors) for a in trace.attempts] == [2, 2, 2]
    assert [len(a.new) for a in trace.attempts[1:]] == [2, 0]


def test_what_a_patch_brought_back_is_on_record(broken, tmp_path):
    script = [WORSE, aside("between"), WORSE]
    trace = run(broken, script, tmp_path, settings(1, budget=Budget(attempts=3)))
    assert not trace.attempts[1].returned
    assert trace.attempts[3].returned == trace.attempts[1].new
    assert of_kind(trace, "attempt")[3].data["returned"] == list(trace.attempts[3].returned)


class Particular:
    """A sandbox where only a tree with a certain word runs to its end; notes what was run."""

    name = "particular"

    def __init__(self, word):
        self.word, self.ran = word, []

    def probe(self):
        return Probe(name=self.name, works=True, detail="")

    def run(self, files, argv, **options):
        text = dict(files)[MODEL]
        text = text if isinstance(text, str) else text.decode()
        self.ran.append(text)
        artifacts = {}
        for run_id in ("sgd-baseline", "heavy-ball", "nesterov"):
            results = {"run_id": run_id, "final": {"test_accuracy": 0.5 + len(run_id) / 100}}
            artifacts[f"results/{run_id}/results.json"] = json.dumps(results).encode()
            artifacts[f"results/{run_id}/stdout.log"] = b"done\n"
            artifacts[f"results/{run_id}/stderr.log"] = b""
        artifacts["results/images/comparison.pdf"] = b"%PDF-1.7\n%%EOF\n"
        return Execution(
            backend=self.name,
            outcome="exited",
            exit_code=0 if self.word in text else 1,
            stdout=Output(text="done"),
            artifacts=artifacts,
        )


EXECUTED = {"static_only": False, "observe": False, "python": sys.executable}


def test_the_next_is_run_where_the_first_was_no_nearer_and_the_rest_is_set_aside(good, tmp_path):
    sandbox = Particular("exact")
    script = [
        WORSE,
        aside("plain words"),
        aside("exact words here"),
        aside("words, and more words"),
    ]
    trace = run(good, script, tmp_path, settings(4, **EXECUTED), sandbox=sandbox)
    assert trace.exit_code == 0
    assert "exact words here" in trace.bundle.derived[MODEL]
    parent, plain, *exact = sandbox.ran
    assert parent == good.derived[MODEL]
    assert "plain words" in plain
    assert exact
    assert all("exact words here" in text for text in exact)
    assert [a.set_aside for a in trace.attempts] == [False, False, False, False, True]
    order = [(e.data["attempt"], e.data["stage"]) for e in of_kind(trace, "verdict")]
    first_run = order.index((2, "sandbox"))
    assert {n for n, stage in order[:first_run] if stage == "static"} == {0, 1, 2, 3, 4}
    assert not {n for n, stage in order if stage == "sandbox"} & {1, 4}


def test_rounds_that_bring_nothing_new_end(broken, tmp_path):
    script = [aside(f"wording {n}") for n in range(20)]
    trace = run(broken, script, tmp_path, settings(2))
    assert (trace.stop, trace.exit_code) == ("stuck", 4)
    assert len(of_kind(trace, "round")) == 2
    assert trace.bundle.derived == broken.derived


def test_one_new_candidate_keeps_a_run_going(broken, tmp_path):
    script = [aside("a"), WORSE, aside("b"), edit("class SoftmaxRegression:", "class Softmax:")]
    trace = run(broken, script, tmp_path, settings(2))
    assert trace.stop == "given up"
    assert len(of_kind(trace, "round")) == 2


def test_no_more_candidates_than_attempts_are_left(broken, tmp_path):
    script = [aside("a"), WORSE, MEND]
    trace = run(broken, script, tmp_path, settings(3, budget=Budget(attempts=2)))
    assert (trace.stop, trace.spend.attempts) == ("exhausted", 2)
    (asked,) = of_kind(trace, "round")
    assert (asked.data["candidates"], asked.data["asked"]) == (2, 3)
    assert "2 of 2 attempts" in asked.data["why_fewer"]


def test_an_unreadable_candidate_is_an_attempt(broken, tmp_path):
    trace = run(broken, [refused("unreadable", "no block"), MEND], tmp_path, settings(2))
    assert trace.exit_code == 0
    assert trace.attempts[1].patch is None


BLOCK = "NOTE: a try\n\nFILE: src/model.py\n<<<<<<< SEARCH\n{}=======\n{}>>>>>>> REPLACE\n"
SAY_MEND = BLOCK.format(REGISTRY, REGISTRY + ENTRY)


def say_aside(words):
    return BLOCK.format(f"    {ASIDE}\n", f'    """{words}."""\n')


def asked(url, count, temperature=None, **more):
    model = ModelSettings(
        model="m", base_url=url, temperature=temperature, seed=7, max_tries=1, price=(1, 2)
    )
    return settings(count, proposer="chat", proposing=model, **more)


@pytest.mark.parametrize(
    ("chosen", "sent"), [(None, [None, 1.0, 1.0]), (0.0, [0.0, 0.3, 0.6]), (1.4, [1.4, 1.4, 1.4])]
)
def test_candidates_differ_in_temperature_and_seed(broken, tmp_path, chosen, sent):
    with ScriptedServer([say_aside("a"), say_aside("b"), SAY_MEND]) as server:
        trace = fix(broken, asked(server.url, 3, chosen), runs_dir=tmp_path)
    assert trace.exit_code == 0
    assert [r.body.get("temperature") for r in server.requests] == sent
    assert [r.body["seed"] for r in server.requests] == [7, 8, 9]
    requests = of_kind(trace, "model.request")
    assert [e.data.get("slot", 0) for e in requests] == [0, 1, 2]
    assert [e.data["view"] for e in requests] == ["region"] * 3
    assert trace.spend.calls == 3


def test_candidates_are_asked_of_several_models(broken, tmp_path):
    with ScriptedServer([say_aside("a"), SAY_MEND, say_aside("c")]) as server:
        how = asked(server.url, 3)
        other = how.proposing.model_copy(update={"model": "other"})
        how = how.model_copy(update={"also_proposing": (other,)})
        trace = fix(broken, how, runs_dir=tmp_path)
    assert [r.body["model"] for r in server.requests] == ["m", "other", "m"]
    assert [a.patch.origin for a in trace.attempts[1:]] == ["chat:m", "chat:other", "chat:m"]
    assert of_kind(trace, "run.start")[0].data["models"] == ["m", "other"]


@pytest.mark.parametrize("cap", [{"calls": 2}, {"usd": 0.03}], ids=["calls", "money"])
def test_a_cap_that_the_next_call_could_pass_ends_the_asking(broken, tmp_path, cap):
    """Money: the worst case of one call is about a cent, what is used of it next to nothing."""
    with ScriptedServer(
        [Say(SAY_MEND, usage=(9000, 5)), Say(say_aside("b"), usage=(9000, 5))]
    ) as s:
        trace = fix(broken, asked(s.url, 4, budget=Budget(**cap)), runs_dir=tmp_path)
    assert trace.exit_code == 0
    (one,) = of_kind(trace, "round")
    assert one.data["candidates"] == 2
    assert one.data["why_fewer"]
    assert trace.spend.micro_usd <= 30_000


def test_a_server_that_fails_later_leaves_the_round_what_it_has(broken, tmp_path):
    with ScriptedServer([SAY_MEND, Fail(500)]) as server:
        trace = fix(broken, asked(server.url, 3), runs_dir=tmp_path)
    assert trace.exit_code == 0
    assert of_kind(trace, "round")[0].data["candidates"] == 1
    assert len(of_kind(trace, "model.failure")) == 1


def test_after_two_failures_the_record_says_that_more_was_shown(broken, tmp_path):
    worse = BLOCK.format("import numpy as np\n", "import numpy as np\nfrom .gone import x\n")
    other = BLOCK.format("import numpy as np\n", "import numpy as np\nfrom .lost import y\n")
    with ScriptedServer([worse, other, SAY_MEND]) as server:
        trace = fix(broken, asked(server.url, 1), runs_dir=tmp_path)
    assert trace.exit_code == 0
    views = [e.data["view"] for e in of_kind(trace, "model.request")]
    assert views == ["region", "region", "definition"]
    assert "Patches have failed 2 times" in server.requests[2].text
    assert "Patches have failed" not in server.requests[1].text


class Killed(BaseException):
    """Ends a session as a kill would: nothing after it is written."""


def answers(request):
    """What is said depends on the question alone, as a model's answer would."""
    before = "tried before" in request.text
    if request.body.get("temperature") is None:
        return say_aside("later" if before else "first")
    if request.body["seed"] == 8:
        return Fail(500) if not before else SAY_MEND
    return say_aside("third")


def session(broken, url, runs, run_id):
    how = asked(url, 3)
    return resume(run_id, runs_dir=runs) if run_id else fix(broken, how, runs_dir=runs)


def test_killed_beside_every_write_it_goes_on_without_asking_again(broken, tmp_path, monkeypatch):
    with ScriptedServer(answers) as server:
        whole = session(broken, server.url, tmp_path / "whole", None)
        assert whole.exit_code == 0
        events = Reader(whole.folder).events
        replies = sum(e.kind == "model.reply" for e in events)
        append = run_module.Run.append
        for stop in range(1, len(events)):
            runs = tmp_path / str(stop)
            asked_before = len(server.requests)

            def stopping(self, *given, stop=stop, **more):
                if len(self.events) == stop:
                    raise Killed
                return append(self, *given, **more)

            monkeypatch.setattr(run_module.Run, "append", stopping)
            with pytest.raises(Killed):
                session(broken, server.url, runs, None)
            monkeypatch.setattr(run_module.Run, "append", append)
            (folder,) = [p for p in runs.iterdir() if p.is_dir()]
            trace = session(broken, server.url, runs, folder.name)
            assert [a.tree for a in trace.attempts] == [a.tree for a in whole.attempts], stop
            assert trace.exit_code == 0
            said = Counter(e.data["key"] for e in Reader(folder).events if e.kind == "model.reply")
            assert set(said.values()) == {1}
            assert len(said) == replies
            assert trace.spend.output_tokens == whole.spend.output_tokens
            # Two failures at most, and one call whose answer was not on disk when the kill came.
            assert len(server.requests) - asked_before <= replies + 3


def test_a_question_asked_twice_on_purpose_has_two_keys_and_old_keys_stand():
    one = Question(purpose="propose", messages=(Message(role="user", text="x"),))
    keys = [one.model_copy(update={"slot": n}).key("m") for n in range(3)]
    assert len(set(keys)) == 3
    assert one.model_copy(update={"view": "file"}).key("m") == keys[0]
    assert keys[0].startswith("25af9e483591")
