"""Properties judge by watching: the right repair passes, each wrong one is told apart."""

from __future__ import annotations

import pytest
from test_cifar_repair import CONTRACT, repair
from wrong_repairs import SEED, WRONG, made_small, made_wrong

from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.isolation.host_interpreter import host_interpreter
from ohgw_tools.property import all_properties, judge
from ohgw_tools.subject import Subject


def test_properties_that_do_not_apply_to_a_bundle_without_hub_data_or_warm_starts_stay_out():
    quickstart = load(SEED.parents[3] / "examples" / "quickstart.json")
    subject = Subject(quickstart, CONTRACT)
    assert [p.NAME for p in all_properties() if p.applies(subject)] == []


def test_each_property_is_named_for_its_file_and_has_a_wrong_repair():
    for one in all_properties():
        assert one.__name__.rpartition(".")[2].replace("_", "-") == one.NAME
        assert one.NAME in {wrong.property for wrong in WRONG}


@pytest.fixture(scope="module")
def right():
    bundle, _, errors = repair(load(SEED))
    assert errors == ()
    return made_small(bundle)


@pytest.fixture(scope="module")
def sandbox():
    from ohgw_tools.sandbox_choice import choose

    return choose("bubblewrap")


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_right_repair_passes_every_property(right, sandbox):
    verdict = judge(right, CONTRACT, sandbox, host_interpreter())
    assert (verdict.status, verdict.reason) == ("pass", "")
    assert verdict.facts["properties"] == [p.NAME for p in all_properties()]


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_each_wrong_repair_fails_for_the_right_reason(right, sandbox, wrong):
    bundle = made_wrong(right, wrong)
    verdict = judge(bundle, CONTRACT, sandbox, host_interpreter(), select=(wrong.property,))
    assert verdict.status == "fail", verdict.reason
    assert wrong.because in verdict.findings[0].message
