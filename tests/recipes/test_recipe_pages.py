"""Each recipe has a page; each `##` section of it that shows files is a test.

Blocks are fenced with an info string: a language and `base=PATH`, `derived=PATH` or `after=PATH`,
`yaml experiment`, or `json findings` (those of the sandbox stage; the judge itself finds static
ones). A section that says `Nothing is proposed.` must get None.
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.check import check
from ohgw_tools.contract import Contract
from ohgw_tools.editing.patch import apply
from ohgw_tools.finding import Finding
from ohgw_tools.guard import inspect
from ohgw_tools.recipe import Recipe, all_recipes
from ohgw_tools.tree import Tree

HERE = Path(__file__).parent
BLOCK = re.compile(r"^(`{3,})(\w+) ([\w-]+)(?:=(\S+))?\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
CONTRACT = Contract.load("base-derived")


class Section(NamedTuple):
    page: str
    title: str
    text: str

    def files(self, role: str) -> dict[str, str]:
        return {m[4]: m[5] for m in BLOCK.finditer(self.text) if m[3] == role}

    def one(self, role: str) -> str:
        return next((m[5] for m in BLOCK.finditer(self.text) if m[3] == role), "")

    def bundle(self) -> Bundle:
        experiment = yaml.safe_load(self.one("experiment")) or {}
        return Bundle(
            base=Tree(self.files("base")),
            derived=Tree(self.files("derived")),
            experiment=Experiment(**{"id": "exp", **experiment}),
        )


def sections() -> list[Section]:
    found = []
    for page in sorted(HERE.glob("*.md")):
        for part in page.read_text(encoding="utf-8").split("\n## ")[1:]:
            title, _, text = part.partition("\n")
            if BLOCK.search(text):
                found.append(Section(page.stem, title, text))
    return found


def recipe_of(page: str) -> Recipe:
    return next(r for r in all_recipes() if page == r.NAME)


def findings_of(bundle: Bundle, recipe: Recipe, section: Section) -> tuple[Finding, ...]:
    found = list(check(bundle, CONTRACT).findings)
    for item in json.loads(section.one("findings") or "[]"):
        facts = {"criterion": "completeness", "kind": "not-executable", "severity": "error"}
        found.append(Finding.model_validate({**facts, "message": "", **item}))
    return tuple(
        f
        for f in found
        if f.severity != "info" and any(fnmatchcase(f.rule, rule) for rule in recipe.ANSWERS)
    )


@pytest.mark.parametrize("section", sections(), ids=lambda s: f"{s.page}: {s.title}")
def test_section(section: Section) -> None:
    recipe, bundle = recipe_of(section.page), section.bundle()
    findings = findings_of(bundle, recipe, section)
    assert findings, "no finding that the recipe answers"
    patch = recipe.propose(bundle, CONTRACT, findings)
    if "Nothing is proposed." in section.text:
        assert patch is None
        return
    assert patch is not None
    assert patch == recipe.propose(bundle, CONTRACT, findings)
    after = bundle.with_derived(apply(bundle.derived, patch).tree)
    assert dict(after.derived) == {**bundle.derived, **section.files("after")}
    assert [f for f in inspect(bundle, after, patch, CONTRACT) if f.severity == "error"] == []
    assert patch.answers
    assert set(patch.answers) <= {f.fingerprint for f in findings}
    left = {f.fingerprint for f in check(after, CONTRACT).findings}
    assert left.isdisjoint(patch.answers)


def test_every_recipe_is_tested() -> None:
    """By a page here, or, for the recipes of hyper-parameter optimisation, in their own tests."""
    elsewhere = "".join(p.read_text("utf-8") for p in (HERE.parent / "hpo").glob("*.py"))
    pages = {page.stem for page in HERE.glob("*.md")}
    for recipe in all_recipes():
        module = recipe.NAME.replace("-", "_")
        assert recipe.NAME in pages or recipe.NAME in elsewhere or module in elsewhere, recipe.NAME


@pytest.mark.parametrize("page", sorted(p.stem for p in HERE.glob("*.md")))
def test_page_has_both_cases(page: str) -> None:
    recipe = recipe_of(page)
    mine = [s for s in sections() if s.page == page]
    assert any("Nothing is proposed." in s.text for s in mine), "a case where it stays out"
    assert any("Nothing is proposed." not in s.text for s in mine), "a case where it mends"
    text = (HERE / f"{page}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {recipe.NAME}\n\n{recipe.SUMMARY}\n")
