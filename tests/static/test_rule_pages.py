"""Every rule has a page, and what the page says happens."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import rule_page
import yaml

from ohgw_tools.errors import InputError
from ohgw_tools.rule import all_rules, page
from ohgw_tools.running.run_finding import RULES as RUN_RULES

PAGES = Path(__file__).parents[1] / "rules"
RULES = {rule.NAME: rule for rule in all_rules()}


def _cases():
    for path in sorted(PAGES.glob("*.md")):
        for case in rule_page.cases(path.read_text(encoding="utf-8")):
            yield pytest.param(path.stem, case, id=f"{path.stem}: {case.heading}")


@pytest.mark.parametrize(("name", "case"), list(_cases()))
def test_the_page_says_what_the_rule_reports(name, case):
    assert case.reported(name) == case.findings


@pytest.mark.parametrize("name", RULES)
def test_each_rule_has_a_page_with_all_sections_and_both_examples(name):
    text = page(name)
    assert text.startswith(f"# {name}\n")
    places = [text.index(f"\n## {section}\n") for section in rule_page.SECTIONS]
    assert places == sorted(places)
    by_heading = {case.heading: case for case in rule_page.cases(text)}
    assert by_heading["Example"].findings, "the bad example must be reported"
    assert not by_heading["Use instead"].findings, "the good example must be clean"
    assert RULES[name].SUMMARY in text


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_named_for_its_file_and_says_what_it_is(name):
    rule = RULES[name]
    assert rule.__name__.rsplit(".", 1)[-1].replace("_", "-") == name
    assert rule.SEVERITY in ("error", "warning", "info")
    assert rule.SUMMARY.endswith(".")
    assert (rule.__doc__ or "").startswith(f"{name}: ")


def test_there_is_no_page_without_a_rule():
    assert {path.stem for path in PAGES.glob("*.md")} == set(RULES)


RUN_PAGES = PAGES.parent / "run_rules"
PARSERS = {"python": ast.parse, "yaml": yaml.safe_load, "toml": tomllib.loads, "text": str}


@pytest.mark.parametrize("name", RUN_RULES)
def test_each_rule_of_the_sandbox_stage_has_a_page_that_reads(name):
    text = page(name)
    assert text.startswith(f"# {name}\n\n{RUN_RULES[name].summary}\n")
    places = [text.index(f"\n## {section}\n") for section in rule_page.SECTIONS]
    assert places == sorted(places)
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for language, code in blocks:
        PARSERS[language](code)
    assert blocks[0] != blocks[1]


def test_there_is_no_page_without_a_rule_of_the_sandbox_stage():
    assert {path.stem for path in RUN_PAGES.glob("*.md")} == set(RUN_RULES)
    assert not set(RUN_RULES) & set(RULES)


def test_an_unknown_rule_is_refused_with_the_nearest_names():
    with pytest.raises(InputError, match="placeholder-comment"):
        page("placeholder-coment")
