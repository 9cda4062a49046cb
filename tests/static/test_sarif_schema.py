"""SARIF reports against the official schema of SARIF 2.1.0, and what GitHub code scanning takes."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest
from test_report_formats import HOSTILE, SEED, finding, small

from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.check import check
from ohgw_tools.contract import Contract
from ohgw_tools.finding import Evidence, Region
from ohgw_tools.render import render
from ohgw_tools.report import Report
from ohgw_tools.verdict import Judgement

SCHEMA = Path(__file__).parent / "sarif_schema" / "sarif-2.1.0-rtm.5.json"
VALIDATOR = jsonschema.Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
# https://docs.github.com/code-security: limits of a run, of a result and of a rule.
RESULTS, LOCATIONS, TAGS, NAME, BYTES = 25_000, 1_000, 20, 255, 10_000_000


def _seed():
    bundle = load(SEED)
    verdict = check(bundle, Contract.load("base-derived"))
    judgement = Judgement(tree=bundle.derived.digest, verdicts=(verdict,), required=("static",))
    return Report(judgement, bundle, "base-derived")


def _with_evidence():
    quote = Evidence(
        kind="source", path="a.py", region=Region(start_line=1, end_line=1, end_column=3), quote="x"
    )
    return small([finding(evidence=(quote,), cause="stub-body:a.py", hidden_by="smoke-crash")])


REPORTS = {
    "the seed": _seed,
    "the seed in a folder": lambda: _seed()._replace(root=Path("/somewhere/a b")),
    "nothing found": lambda: small([]),
    "undecided": lambda: small([], status="undecided", reason="no container engine"),
    "undecided without a reason": lambda: small([], status="undecided"),
    "waived": lambda: small([finding(waived="agreed")]),
    "of the whole bundle": lambda: small([finding(path=None, region=None)]),
    "of the sandbox stage": lambda: small([finding(rule="smoke-crash", region=None)]),
    "of a reviewer": lambda: small([finding(rule="review-method", message="")]),
    "hostile": lambda: small([finding(message=HOSTILE, subject=HOSTILE)], text=HOSTILE),
    "criterion and kind alike": lambda: small([finding(criterion="not-executable")]),
    "with evidence": _with_evidence,
}


@pytest.fixture(scope="module", params=REPORTS)
def log(request):
    text = render("sarif", REPORTS[request.param]())
    assert len(text.encode()) < BYTES
    return json.loads(text)


def test_a_report_fulfils_the_official_schema(log):
    faults = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in VALIDATOR.iter_errors(log)]
    assert not faults


def test_a_report_keeps_to_what_code_scanning_takes(log):
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        assert len(run["results"]) <= RESULTS
        for rule in rules:
            assert 0 < len(rule["id"]) <= NAME
            assert len(rule["properties"]["tags"]) <= TAGS
            assert rule["shortDescription"]["text"].strip()
            assert rule["help"]["text"].strip()
        for result in run["results"]:
            assert 1 <= len(result["locations"]) <= LOCATIONS
            assert result["message"]["text"].strip()
            assert result["level"] in ("error", "warning", "note", "none")
            assert result["partialFingerprints"]["primaryLocationLineHash"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda run: run["results"][0].pop("message"),
        lambda run: run["results"][0].update(level="fatal"),
        lambda run: run["tool"]["driver"].pop("name"),
        lambda run: run["results"][0]["locations"][0]["physicalLocation"]["region"].update(
            startLine=0
        ),
        lambda run: run.update(findings=[]),
    ],
)
def test_the_schema_refuses_what_is_no_sarif(spoil):
    log = json.loads(render("sarif", small([finding()])))
    spoilt = copy.deepcopy(log)
    spoil(spoilt["runs"][0])
    assert VALIDATOR.is_valid(log)
    assert not VALIDATOR.is_valid(spoilt)


def test_a_rule_of_the_sandbox_stage_brings_its_page():
    log = json.loads(render("sarif", REPORTS["of the sandbox stage"]()))
    (rule,) = log["runs"][0]["tool"]["driver"]["rules"]
    assert "## Use instead" in rule["help"]["markdown"]
