"""The pages for repairs by hand: found by name, true to the code that recipes write."""

from __future__ import annotations

from pathlib import Path

from ohgw_tools import catalogue, knowledge, templates
from ohgw_tools.bundles.bundle_file import load

SEED = Path(__file__).parents[1] / "bundles" / "seed" / "exp-2.bundle.json"


def titles(text: str) -> list[str]:
    return [page.title for page in knowledge.pages_for(text)]


def test_pages_are_found_by_the_names_that_texts_use():
    assert titles("we wrap PASHA (2023)") == ["PASHA"]
    assert titles("wikitext_103 loader") == ["WikiText-103"]
    assert titles("stochastic hyper-gradient") == ["One-shot hyper-gradient warm start"]
    assert titles("wikitext-1032, pashas, gradient") == []


def test_the_seed_calls_for_all_three():
    text = load(SEED).experiment.description
    assert len(titles(text)) == 3


def test_pages_have_sources_and_agree_with_the_catalogue():
    for page in knowledge.pages():
        assert all(source.startswith("https://") for source in page.sources)
    text = next(p.text for p in knowledge.pages() if p.title == "WikiText-103")
    entry = catalogue.dataset("WIKITEXT_103")
    assert entry is not None
    assert entry.hub is not None
    assert entry.hub.path in text
    assert str(entry.hub.config) in text
    assert set(entry.splits.values()) <= set(text.replace(",", " ").split())


def test_what_the_method_cannot_do_is_said():
    page = next(p for p in knowledge.pages() if p.title.startswith("One-shot"))
    _, limits = page.text.split("## What it cannot do")
    assert "1.2 mini-batches" in limits
    assert "eta_h = 1e-3" in limits
    assert '1.0 - psi.get("momentum"' in templates.definitions("hypergradient", "lookahead_scale")
