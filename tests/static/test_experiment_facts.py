"""The reader of facts: what it takes from texts, where it stands, and what it leaves alone."""

from pathlib import Path

import pytest

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.facts.experiment_facts import facts, names
from ohgw_tools.facts.fact_pattern import number
from ohgw_tools.tree import Tree

SEED = Path(__file__).parents[1] / "bundles" / "seed" / "exp-2.bundle.json"


def known(description, **rest):
    experiment = Experiment(id="e", description=description)
    return facts(Bundle(base=Tree({}), derived=Tree({}), experiment=experiment, **rest))


def test_the_seed_s_numbers_are_read_with_their_places():
    bundle = load(SEED)
    found = facts(bundle)
    values = {
        kind: found.values(kind, text="description")
        for kind in ("epochs", "updates", "sequence-length", "noise-ratio", "eta", "replicates")
    }
    assert values == {
        "epochs": (50.0,),
        "updates": (250_000.0,),
        "sequence-length": (1024.0,),
        "noise-ratio": (0.15,),
        "eta": (0.001, 0.0003),
        "replicates": (24.0,),
    }
    assert found.values("variation") == bundle.experiment.run_variations
    lines = bundle.experiment.description.split("\n")
    for fact in found.of("variation", "epochs", text="description"):
        region = fact.region
        words = lines[region.start_line - 1][region.start_column - 1 : region.end_column - 1]
        assert str(fact.value).removesuffix(".0") in words


def test_the_seed_s_names_are_those_of_the_catalogue():
    found = {(fact.kind, fact.value) for fact in names(load(SEED))}
    assert {
        ("dataset", "wikitext-103"),
        ("model", "gpt2"),
        ("scheduler", "pasha"),
        ("metric", "perplexity"),
    } <= found


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Train for 100 epochs.", "epochs", 100),
        ("epochs = 30", "epochs", 30),
        ("10 k updates in all", "updates", 10_000),
        ("context length of 2,048 tokens", "sequence-length", 2048),
        ("20% label noise is added", "noise-ratio", 0.2),
        ("30 % of training labels are flipped", "noise-ratio", 0.3),
        ("hyper-gradient learning rate of 10⁻⁴", "eta", 1e-4),
        ("reported over 5 random seeds", "replicates", 5),
        ("a paired t-test over seeds", "pairing", "paired t-test"),
        ("at most 12 GPU-hours", "gpu-hours", 12),
    ],
)
def test_usual_ways_of_saying_it_are_read(text, kind, value):
    assert known(text).values(kind) == (value,)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a warm-up of 5 epochs", "epochs"),
        ("we save every 10 epochs", "epochs"),
        ("patience of 3 epochs", "epochs"),
        ("minimum resource is 2 epochs", "epochs"),
        ("version 2.50 epochs", "variation"),
        ("log sweep done offline on 5 seeds", "replicates"),
        ("an unpaired comparison", "pairing"),
    ],
)
def test_what_is_no_such_fact_is_left_alone(text, kind):
    assert known(text).values(kind) == ()


def test_facts_say_which_text_they_come_from():
    found = known("50 epochs.", strategy="Use 30 seeds.", method={"Setup": {"more": "80 epochs"}})
    assert [(f.kind, f.value, f.text) for f in found.facts] == [
        ("epochs", 50.0, "description"),
        ("replicates", 30.0, "strategy"),
        ("epochs", 80.0, "method/Setup/more"),
    ]
    assert found.values("epochs", text="description") == (50.0,)


@pytest.mark.parametrize(
    ("text", "value"), [("1,024", 1024), ("3e-4", 3e-4), ("10⁻⁴", 1e-4), ("0,5", 0.5), ("7", 7)]
)
def test_numbers_are_read_as_people_write_them(text, value):
    assert number(text) == pytest.approx(value)
