"""Reports: what people and programs are given, and that foreign words cannot do harm in them."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.check import check
from ohgw_tools.contract import Contract
from ohgw_tools.errors import InputError
from ohgw_tools.finding import Finding, Region
from ohgw_tools.printable import window
from ohgw_tools.render import formats, render
from ohgw_tools.report import Report
from ohgw_tools.tree import Tree
from ohgw_tools.verdict import Judgement, Verdict

SEED = Path(__file__).parents[1] / "bundles" / "seed" / "exp-2.bundle.json"


@pytest.fixture(scope="module")
def report():
    bundle = load(SEED)
    verdict = check(bundle, Contract.load("base-derived"))
    judgement = Judgement(tree=bundle.derived.digest, verdicts=(verdict,), required=("static",))
    return Report(judgement, bundle, "base-derived")


def small(findings, text="x = 1\n", status=None, reason=""):
    bundle = Bundle(base=Tree({}), derived=Tree({"a.py": text}), experiment=Experiment(id="e"))
    verdict = Verdict.of("static", tuple(findings))
    if status:
        verdict = verdict.model_copy(update={"status": status, "reason": reason})
    judgement = Judgement(tree=bundle.derived.digest, verdicts=(verdict,), required=("static",))
    return Report(judgement, bundle, "base-derived")


def finding(**fields):
    given = {
        "rule": "undefined-name",
        "criterion": "completeness",
        "kind": "not-executable",
        "severity": "error",
        "message": "undefined name 'x'",
        "path": "a.py",
        "region": Region(start_line=1, start_column=1, end_line=1, end_column=2),
    }
    return Finding(**{**given, **fields})


def test_text_shows_the_line_with_a_caret_under_the_fault(report):
    lines = render("text", report).splitlines()
    at = next(i for i, line in enumerate(lines) if "placeholder 'RANDOM_PLACEHOLDER'" in line)
    source, caret = lines[at + 1], lines[at + 2]
    marked = source[caret.index("^") : caret.rindex("^") + 1]
    assert marked == "RANDOM_PLACEHOLDER"


def test_text_groups_by_file_and_puts_the_root_cause_first(report):
    text = render("text", report)
    part = text.split("\nsrc/preprocess.py\n")[1].split("\n\n")[0]
    heads = re.findall(r"^ +\w+\[([a-z-]+)\]", part, re.MULTILINE)
    assert heads[0] == "restored-base-file"
    assert "follows from restored-base-file:src/preprocess.py" in part


def test_text_says_what_decides_and_what_does_not(report):
    last = render("text", report).splitlines()[-1]
    counts = report.counts()
    assert last == (
        f"not ready: {counts['error']} errors decide, "
        f"{counts['warning']} warnings and {counts['info']} infos do not"
    )


def test_text_without_findings_is_one_line():
    assert render("text", small([])) == "ready: no errors\n"


def test_text_says_why_nothing_could_be_decided():
    text = render("text", small([], status="undecided", reason="a.py is too deep"))
    assert text == "static: undecided: a.py is too deep\nundecided: no errors\n"


def test_waived_findings_are_shown_as_waived_and_do_not_decide():
    text = render("text", small([finding(waived="agreed")]))
    assert "= waived: agreed" in text
    assert text.endswith("ready: no errors, 1 waived\n")


def test_colour_is_added_only_where_it_is_allowed(report):
    assert "\x1b[" not in render("text", report)
    painted = render("text", report._replace(color=True))
    assert "\x1b[31m" in painted
    assert re.sub(r"\x1b\[\d+m", "", painted) == render("text", report)


HOSTILE = "\x1b[2J\x07\u202e\u200b evil \x00 ]]> <b> 語\t\ud7ff"


def test_foreign_words_cannot_reach_the_terminal_as_they_are():
    text = render(
        "text",
        small(
            [finding(message=HOSTILE, waived=HOSTILE, subject=HOSTILE)], text=f"x = '{HOSTILE}'\n"
        ),
    )
    assert not set("\x1b\x07\u202e\u200b\x00") & set(text)


def test_junit_stays_xml_whatever_is_in_it():
    text = render("junit", small([finding(message=HOSTILE)], text=HOSTILE))
    root = ElementTree.fromstring(text)
    assert root.get("failures") == "1"
    assert "evil" in root.find(".//failure").text


def test_junit_counts_files_and_skips_what_is_undecided():
    root = ElementTree.fromstring(render("junit", small([], status="undecided", reason="why")))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("2", "0", "1")
    assert root.find(".//skipped").get("message") == "why"


def test_json_holds_every_field_and_counts(report):
    data = json.loads(render("json", report))
    assert data["ready"] is False
    found = data["verdicts"][0]["findings"]
    assert len(found) == len(report.findings)
    assert {f["fingerprint"] for f in found} == {f.fingerprint for f in report.findings}


def test_seed_form_has_the_two_keys(report):
    data = json.loads(render("seed", report))
    assert set(data) == {"is_experiment_code_ready", "experiment_code_issue"}
    assert data["is_experiment_code_ready"] is False
    assert "WIKITEXT_103" in data["experiment_code_issue"]


def test_sarif_is_what_code_scanning_asks_for(report):
    log = json.loads(render("sarif", report))
    assert log["version"] == "2.1.0"
    assert log["$schema"]
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert not physical["artifactLocation"]["uri"].startswith("/")
        region = physical["region"]
        assert set(region) == {"startLine", "startColumn", "endLine", "endColumn"}
        assert min(region.values()) >= 1
        assert result["partialFingerprints"]["primaryLocationLineHash"]
    assert run["automationDetails"]["id"].startswith("ohgw/")
    assert "" not in list(_strings(log))


def _strings(value):
    if isinstance(value, str):
        yield value
    for inner in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from _strings(inner)


def test_sarif_for_an_editor_names_the_folder_that_the_files_stand_in(report, tmp_path):
    log = json.loads(render("sarif", report._replace(root=tmp_path)))
    (run,) = log["runs"]
    assert run["originalUriBaseIds"]["BUNDLE"]["uri"] == f"{tmp_path.resolve().as_uri()}/"
    location = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uriBaseId"] == "BUNDLE"


def test_a_waived_finding_is_suppressed_in_sarif():
    log = json.loads(render("sarif", small([finding(waived="agreed")])))
    (result,) = log["runs"][0]["results"]
    assert result["suppressions"] == [{"kind": "inSource", "justification": "agreed"}]


def test_an_unknown_format_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="json, junit, sarif, seed, text"):
        render("html", small([]))
    assert set(formats()) == {"json", "junit", "sarif", "seed", "text"}


@pytest.mark.parametrize(
    ("text", "start", "end", "marked"),
    [
        ("abcdef", 2, 4, "cd"),
        ("x" * 500 + "HERE" + "y" * 500, 500, 504, "HERE"),
        ("\tab", 1, 2, "a"),
    ],
)
def test_a_window_of_a_line_keeps_what_is_marked(text, start, end, marked):
    shown, first, last = window(text, start, end, 100)
    assert shown[first:last] == marked
    assert len(shown) <= 110


def test_wide_characters_take_two_columns():
    shown, first, last = window("語 = x", 4, 5, 100)
    assert (shown, first, last) == ("語 = x", 5, 6)
