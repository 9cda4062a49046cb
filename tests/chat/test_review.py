import json

import pytest
from scripted_server import Fail, Say

from ohgw_agent.openai_chat import OpenAIChat
from ohgw_agent.review import review
from ohgw_agent.review_question import material, review_question
from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.contract import Contract
from ohgw_tools.errors import ModelUnreachable
from ohgw_tools.verdict import Judgement, Verdict

CONTRACT = Contract.load("base-derived")
TRAIN = '''import numpy as np


def train(cfg, seed):
    """Train the model of one run."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=cfg["size"])
    for step in range(cfg["steps"]):
        weights = weights - cfg["lr"] * gradient(weights)
    return weights


def gradient(weights):
    return 2 * weights


def evaluate(weights):
    return {"loss": 0.1234}
'''
MODEL = """class Net:
    def forward(self, x):
        return x


class ResNet(Net):
    def forward(self, x):
        return x + 1
"""
DEFECT = {
    "path": "src/train.py",
    "line": 18,
    "quote": 'return {"loss": 0.1234}',
    "kind": "quality-degradation",
    "claim": "judgement",
    "subject": "evaluate",
    "message": "the loss is a constant that was not measured",
}
PROOF = {"path": "src/model.py", "line": 1, "quote": "class Net:"}


def bundle(**files):
    derived = {
        "src/train.py": TRAIN,
        "src/model.py": MODEL,
        "config/full_experiment.yaml": "a: 1\n",
    }
    paths = {k.replace("__", "/").replace("_DOT_", "."): v for k, v in files.items()}
    return Bundle(
        base={"src/model.py": "class Net:\n    def gone(self):\n        return 0\n"},
        derived={**derived, **paths},
        experiment=Experiment(
            id="e", description="Train a Net on wikitext-x.", run_variations=("a",)
        ),
    )


def judged(of, *findings):
    return Judgement(
        tree=of.derived.digest,
        verdicts=(
            Verdict.of("static", tuple(findings)),
            Verdict(stage="sandbox", status="pass"),
        ),
    )


def answer(code, issues=(), criterion="preservation", met=None, seen=(PROOF,), **changes):
    """A whole answer: every criterion met on evidence but `criterion`, which has the issues."""
    criteria = []
    for name in CONTRACT.criteria:
        mine = list(issues) if name == criterion else []
        said = "no" if mine else "yes"
        criteria.append(
            {
                "criterion": name,
                "met": (met or {}).get(name, said),
                "seen": [] if mine else list(seen),
                "issues": mine,
            }
        )
    return Say(json={"code": code, "criteria": criteria, **changes}, finish="stop")


def ask(server, of, *steps, judgement=None):
    code = material(of).marks.code
    script = [step(code) if callable(step) else step for step in steps]
    one = server(script)
    model = OpenAIChat("m", base_url=one.url, max_tries=1)
    return review(of, CONTRACT, judgement or judged(of), model), one


def clean(code):
    return answer(code)


def flawed(code):
    return answer(code, [DEFECT])


def test_both_answers_met_on_evidence_is_a_pass(server):
    verdict, one = ask(server, bundle(), clean, clean)
    assert (verdict.stage, verdict.status, verdict.findings) == ("review", "pass", ())
    assert len(one.requests) == verdict.facts["asked"] == 2
    assert one.requests[0].body["response_format"]["json_schema"]["strict"]


def test_the_two_questions_differ_in_order_alone(server):
    _, one = ask(server, bundle(), clean, clean)
    first, second = (r.body["messages"][1]["content"] for r in one.requests)
    assert first != second
    assert sorted(first.splitlines()) == sorted(second.splitlines())
    assert first.index("preservation:") < first.index("consistency:")
    assert second.index("preservation:") > second.index("consistency:")


def test_the_same_bundle_gives_the_same_bytes():
    made = [
        review_question(bundle(), CONTRACT, material(bundle()), "forward").key("m")
        for _ in range(2)
    ]
    assert made[0] == made[1]


def test_an_issue_that_both_raise_is_an_error(server):
    verdict, _ = ask(server, bundle(), flawed, flawed)
    assert verdict.status == "fail"
    (finding,) = verdict.errors
    assert finding.place == "src/train.py:18:1"
    assert finding.criterion == "preservation"
    assert finding.evidence[0].quote == '    return {"loss": 0.1234}'
    assert verdict.facts["agreed"] == 1


def test_an_issue_that_one_raises_is_a_warning_and_a_disagreement(server):
    verdict, _ = ask(server, bundle(), flawed, clean)
    assert verdict.status == "pass"
    assert [f.severity for f in verdict.findings] == ["warning"]
    assert verdict.facts["disagreement"] == [
        "preservation: src/train.py:18",
        "preservation: no / yes",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"quote": "return {'loss': 0.99}"},
        {"path": "src/nowhere.py"},
        {"path": "../train.py"},
        {"quote": ""},
        {"quote": "   \n  "},
        {"quote": "return"},
        {"line": -5, "quote": "def forward(self, x):", "path": "src/model.py"},
        {"quote": "[withheld: text addressed to a reviewer]"},
    ],
)
def test_a_quote_that_is_not_there_is_thrown_out_and_counted(server, change):
    def invented(code):
        return answer(code, [{**DEFECT, **change}])

    verdict, _ = ask(server, bundle(), invented, invented)
    assert verdict.status == "undecided"
    assert verdict.findings == ()
    assert verdict.facts["ungrounded"] == 2
    assert "no issue with it stands up" in verdict.reason


def test_a_quote_a_few_lines_off_is_put_right(server):
    def near(code):
        return answer(code, [{**DEFECT, "line": 21, "quote": '18|  return   {"loss": 0.1234}'}])

    verdict, _ = ask(server, bundle(), near, near)
    assert verdict.errors[0].region.start_line == 18


def test_a_quote_of_several_lines_must_be_whole(server):
    good = {**DEFECT, "line": 17, "quote": 'def evaluate(weights):\n    return {"loss": 0.1234}'}
    bad = {**good, "quote": "def evaluate(weights):\n    return {}"}
    verdict, _ = ask(
        server, bundle(), lambda c: answer(c, [good]), lambda c: answer(c, [good, bad])
    )
    assert verdict.status == "fail"
    assert verdict.errors[0].region.end_line == 18
    assert verdict.facts["ungrounded"] == 1


def test_lines_that_base_had_can_be_quoted(server):
    lost = {**DEFECT, "path": "base/src/model.py", "line": 2, "quote": "def gone(self):"}
    verdict, one = ask(server, bundle(), lambda c: answer(c, [lost]), lambda c: answer(c, [lost]))
    assert verdict.errors[0].path == "src/model.py"
    assert verdict.errors[0].evidence[0].kind == "base"
    assert "2|     def gone(self):" in one.requests[0].text


@pytest.mark.parametrize(
    ("claim", "subject", "message"),
    [
        ("syntax-error", "", "syntax error here"),
        ("judgement", "", "this line is a SyntaxError and will not parse"),
        ("missing-init", "src", "no package"),
        ("judgement", "", "src lacks an __init__.py so relative imports fail"),
        ("undefined-name", "gradient", "gradient is used before it exists"),
        ("judgement", "gradient", "gradient is not defined anywhere"),
        ("missing-module", "src.model", "cannot be imported"),
        ("missing-module", "json", "cannot be imported"),
        ("missing-file", "src/model.py", "the file is not there"),
        ("unknown-dataset-id", "wikitext-x", "no such dataset"),
    ],
)
def test_a_claim_that_a_machine_refutes_does_not_count(server, claim, subject, message):
    false = {**DEFECT, "claim": claim, "subject": subject, "message": message}
    verdict, _ = ask(server, bundle(), lambda c: answer(c, [false]), lambda c: answer(c, [false]))
    assert verdict.status == "undecided"
    assert not verdict.findings
    assert len(verdict.facts["refuted"]) == 2


def test_a_claim_that_a_machine_confirms_counts_at_once(server):
    of = bundle(src__bad_DOT_py="def broken(:\n    return 1\n")
    true = {
        **DEFECT,
        "path": "src/bad.py",
        "line": 1,
        "quote": "def broken(:",
        "claim": "syntax-error",
        "message": "does not parse",
    }
    verdict, _ = ask(server, of, lambda c: answer(c, [true]), clean)
    assert verdict.status == "fail"
    assert verdict.errors[0].data["confirmed"]


def test_a_claim_that_nobody_here_can_check_is_a_warning(server):
    claim = {**DEFECT, "claim": "unknown-dataset-id", "subject": "acme/none", "message": "unknown"}
    verdict, _ = ask(server, bundle(), lambda c: answer(c, [claim]), lambda c: answer(c, [claim]))
    assert verdict.status == "pass"
    assert [f.severity for f in verdict.findings] == ["warning"]


@pytest.mark.parametrize(
    "text",
    [
        "READY",
        '{"is_experiment_code_ready": true, "experiment_code_issue": ""}',
        "{}",
        "[]",
        "null",
        "[" * 20_000,
        '{"code": "',
        "",
        "All criteria are met.",
        '{"code": "CODE", "criteria": []}',
        '{"code": "CODE", "criteria": [{"criterion": "preservation", "met": "yes"}]}',
        '{"code": "CODE", "criteria": [{"criterion": "ready", "met": "yes"}]}',
        '{"code": "CODE", "criteria": [], "is_experiment_code_ready": true}',
    ],
)
def test_answers_that_cannot_be_read_twice_are_undecided(server, text):
    def unreadable(code):
        return text.replace("CODE", code)

    verdict, one = ask(server, bundle(), unreadable, unreadable, unreadable, unreadable)
    assert verdict.status == "undecided"
    assert "could not be used" in verdict.reason
    assert len(verdict.facts["discarded"]) == 4
    assert "cannot be used" in one.requests[1].body["messages"][-1]["content"]


def test_an_answer_that_is_put_right_counts(server):
    verdict, _ = ask(server, bundle(), "hm", clean, lambda c: Say("{", finish="length"), clean)
    assert verdict.status == "pass"
    assert len(verdict.facts["discarded"]) == 2
    assert "cut off" in verdict.facts["discarded"][1]


def test_a_fenced_answer_is_read(server):
    def fenced(code):
        return Say(f"```json\n{answer(code).content}\n```")

    verdict, _ = ask(server, bundle(), fenced, fenced)
    assert verdict.status == "pass"


@pytest.mark.parametrize(
    "seen", [[], [{**PROOF, "quote": "class Other:"}], [{**PROOF, "path": "x"}]]
)
def test_met_without_evidence_is_undecided(server, seen):
    verdict, _ = ask(server, bundle(), clean, lambda c: answer(c, seen=seen))
    assert verdict.status == "undecided"
    assert "nothing that exists was pointed at" in verdict.reason


def test_unsure_is_undecided(server):
    verdict, _ = ask(server, bundle(), clean, lambda c: answer(c, met={"consistency": "unsure"}))
    assert verdict.status == "undecided"
    assert "consistency (backward): the reviewer is unsure" in verdict.reason


def test_an_answer_with_another_code_was_written_beforehand(server):
    def canned(_):
        return answer("deadbeef")

    verdict, _ = ask(server, bundle(), canned, canned, canned, canned)
    assert verdict.status == "undecided"


def test_an_error_with_one_unreadable_answer_is_no_error(server):
    verdict, _ = ask(server, bundle(), flawed, "?", "?")
    assert verdict.status == "undecided"
    assert [f.severity for f in verdict.findings] == ["warning"]


def test_a_model_that_is_down_is_an_error_of_its_own(server):
    with pytest.raises(ModelUnreachable):
        ask(server, bundle(), Fail(500))


def test_too_much_to_review_is_undecided(server):
    of = bundle(src__data_DOT_py="x = 1\n" * 100_000)
    verdict, one = ask(server, of)
    assert verdict.status == "undecided"
    assert "--no-review" in verdict.reason
    assert not one.requests


def test_a_server_without_structured_output_reviews_too(server):
    of = bundle()
    code = material(of).marks.code
    one = server([Fail(400, "response_format is not supported"), clean(code), clean(code)])
    verdict = review(of, CONTRACT, judged(of), OpenAIChat("m", base_url=one.url))
    assert verdict.status == "pass"
    assert verdict.facts["structured"] is False


def test_messages_are_harmless(server):
    nasty = {**DEFECT, "message": "bad\x1b[31m\nline\u202e" + "x" * 5000}
    verdict, _ = ask(server, bundle(), lambda c: answer(c, [nasty]), lambda c: answer(c, [nasty]))
    message = verdict.errors[0].message
    assert "\x1b" not in message
    assert "\u202e" not in message
    assert len(message) < 700
    assert json.dumps(verdict.model_dump(mode="json"))
