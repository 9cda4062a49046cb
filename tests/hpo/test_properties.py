"""Properties judge by watching: two right experiments in different styles pass, and each way of
being wrong is told apart, for its reason."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import other_style
import pytest
import wrong_other_style
from test_cifar_repair import CONTRACT, repair
from wrong_repairs import SEED, WRONG, changed, made_small

from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.errors import ContractError
from ohgw_tools.isolation.host_interpreter import host_interpreter
from ohgw_tools.property import all_properties, chosen, judge
from ohgw_tools.rule import page
from ohgw_tools.subject import Subject

# The 12 repairs that look right and are not, and more; in one style or the other.
CASES = [("seed", wrong) for wrong in WRONG] + [("own", w) for w in wrong_other_style.WRONG]


def test_facts_switch_properties_on():
    quickstart = load(SEED.parents[3] / "examples" / "quickstart.json")
    subject = Subject(quickstart, CONTRACT)
    applying = [p.NAME for p in all_properties() if p.applies(subject)]
    assert applying == ["metrics-reported", "variations-differ"]
    own = Subject(other_style.bundle(), CONTRACT)
    assert all(p.applies(own) for p in all_properties())


def test_each_property_is_named_for_its_file_and_has_wrong_experiments():
    for one in all_properties():
        assert one.__name__.rpartition(".")[2].replace("_", "-") == one.NAME
        assert one.NAME in {wrong.property for _, wrong in CASES}
        assert (one.__doc__ or "").startswith(f"{one.NAME}: ")
        assert one.SUMMARY.endswith(".")


@pytest.mark.parametrize("one", all_properties(), ids=lambda one: one.NAME)
def test_each_property_has_its_page(one):
    text = page(one.NAME)
    assert text.startswith(f"# {one.NAME}\n\n{one.SUMMARY}\n")
    headings = ("What it does", "Why is this bad", "A finding", "What to do")
    places = [text.index(f"\n## {heading}\n") for heading in headings]
    assert places == sorted(places)


def test_a_contract_names_its_properties():
    assert CONTRACT.properties == ("*",)
    assert chosen(("noise-*", "metrics-reported")) == tuple(
        p for p in all_properties() if p.NAME.startswith(("noise-", "metrics-"))
    )
    with pytest.raises(ContractError, match="names none of eta-zero-is-baseline"):
        chosen(("nois",))


@pytest.fixture(scope="module")
def sandbox():
    from ohgw_tools.sandbox_choice import choose

    return choose("bubblewrap")


@pytest.fixture(scope="module")
def right():
    seed, _, errors = repair(load(SEED))
    assert errors == ()
    return {"seed": made_small(seed), "own": other_style.bundle()}


@pytest.fixture(scope="module")
def verdicts(right, sandbox, request):
    """The verdict on each wrong experiment of this session by the property that must report it. A
    program has one thread at work, so two run at a time.
    """
    params = [getattr(item, "callspec", None) for item in request.session.items]
    both = [p.params for p in params if p and {"style", "wrong"} <= {*p.params}]
    chosen = {(each["style"], each["wrong"]) for each in both}
    with ThreadPoolExecutor(2) as pool:
        asked = {
            (style, wrong.name): pool.submit(
                judge,
                changed(right[style], wrong),
                CONTRACT,
                sandbox,
                host_interpreter(),
                select=(wrong.property,),
            )
            for style, wrong in chosen
        }
        return {key: future.result() for key, future in asked.items()}


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("style", ["seed", "own"])
def test_the_right_experiment_passes_every_property(right, sandbox, style):
    parts = (("warm-*", "eta-*", "fails-*"), ("named-*", "noise-*", "scheduler-*", "v*", "m*"))
    with ThreadPoolExecutor(2) as pool:
        judged = [
            pool.submit(judge, right[style], CONTRACT, sandbox, host_interpreter(), select=part)
            for part in parts
        ]
        found = [one.result() for one in judged]
    assert [(f.rule, f.message) for verdict in found for f in verdict.findings] == []
    assert {(verdict.status, verdict.reason) for verdict in found} == {("pass", "")}
    asked = sorted(name for verdict in found for name in verdict.facts["properties"])
    assert asked == [p.NAME for p in all_properties()]


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("style", "wrong"), CASES, ids=[f"{style}: {wrong.name}" for style, wrong in CASES]
)
def test_each_wrong_experiment_fails_for_the_right_reason(verdicts, style, wrong):
    verdict = verdicts[style, wrong.name]
    assert verdict.status == "fail", verdict.reason
    assert wrong.because in verdict.findings[0].message
