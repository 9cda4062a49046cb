"""What the catalogue knows of the names in question goes into the prompt, within a bound."""

from pathlib import Path

from test_chat_proposer import finding, situation, two_files

from ohgw_agent.proposer import Situation
from ohgw_agent.reference import ROOM, WIDE_ROOM, reference
from ohgw_agent.repair_focus import focus
from ohgw_agent.repair_question import repair_question
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.check import check
from ohgw_tools.contract import Contract
from ohgw_tools.finding import numbered
from ohgw_tools.verdict import Judgement

SEED = Path(__file__).parents[1] / "bundles" / "seed" / "exp-2.bundle.json"
CONTRACT = Contract.load("base-derived")


def seed():
    bundle = load(SEED)
    judgement = Judgement(tree=bundle.derived.digest, verdicts=(check(bundle, CONTRACT),))
    return Situation(bundle=bundle, contract=CONTRACT, judgement=judgement)


def known(where):
    return reference(where, focus(where))


def text_of(where):
    asked = repair_question(where, focus(where), structured=False, max_output_tokens=9)
    return asked.messages[-1].text


def test_the_seed_is_told_its_method_and_its_data():
    text = text_of(seed())
    assert "# One-shot hyper-gradient warm start" in text
    assert '"config":"wikitext-103-raw-v1"' in text or "wikitext-103-raw-v1" in known(seed())
    assert len(known(seed())) <= ROOM + 300
    assert "(No room here for: " in text


def test_what_a_finding_names_is_looked_up():
    wrong = finding("src/split.py", 7, "load_dataset('wikitext_103') names no dataset", "x")
    text = known(situation(findings=numbered([wrong])))
    assert '"path":"Salesforce/wikitext"' in text
    assert text.startswith("# WikiText-103")


def test_where_nothing_is_named_nothing_is_added():
    assert known(situation()) == ""
    assert "Known of what is named" not in text_of(situation())


def test_a_description_alone_calls_for_nothing_until_findings_resist():
    """Code that is there and wrong is mended by what is said of it."""
    bundle = two_files()
    told = bundle.experiment.model_copy(update={"description": "PASHA on wikitext-103"})
    where = situation(bundle.model_copy(update={"experiment": told}))
    assert known(where) == ""
    absent = finding("src/split.py", 7, "the loader is missing", "load")
    absent = absent.model_copy(update={"kind": "omission"})
    more = where.model_copy(update={"judgement": situation(findings=numbered([absent])).judgement})
    assert "# PASHA" in known(more)
    assert "# WikiText-103" in known(more)


def test_the_bound_holds_whatever_is_named():
    every = "wikitext-103 pasha ohgw gpt2 bert-base-uncased cifar-10 cifar-100 mnist imagenet asha "
    wrong = finding("src/split.py", 7, every * 20, "x")
    where = situation(findings=numbered([wrong]))
    asked = focus(where)
    names = reference(where, asked).rpartition("(No room here for: ")
    assert len(names[0]) <= ROOM
    assert names[2]
    wide = reference(where, type(asked)(**{**vars(asked), "breadth": "file"}))
    assert len(wide.rpartition("(No room")[0] or wide) <= WIDE_ROOM + 20
    assert len(wide) > len(names[0])
