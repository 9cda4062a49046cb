from __future__ import annotations

import pytest
from blind_spots import BLIND
from cheating_patches import CHEATS
from honest_patches import HONEST
from language_bundle import TRAIN, language_bundle
from lookalike_patches import LOOKALIKE

from ohgw_tools.contract import Contract
from ohgw_tools.editing.patch import apply
from ohgw_tools.editing.patch_text import read_patch
from ohgw_tools.finding import Finding
from ohgw_tools.guard import all_guards, inspect

CONTRACT = Contract.load("base-derived")


def inspected(text: str) -> tuple[Finding, ...]:
    bundle = language_bundle()
    patch = read_patch(text, bundle.derived)
    after = bundle.with_derived(apply(bundle.derived, patch).tree)
    return inspect(bundle, after, patch, CONTRACT)


@pytest.mark.parametrize(
    ("guard", "severity", "text"),
    [c[1:] for c in (*CHEATS, *BLIND)],
    ids=[c[0] for c in (*CHEATS, *BLIND)],
)
def test_cheat_is_caught(guard: str, severity: str, text: str) -> None:
    findings = inspected(text)
    assert f"guard-{guard}" in {f.rule for f in findings}
    worst = "error" if any(f.severity == "error" for f in findings) else "warning"
    assert worst == severity, [(f.rule, f.severity, f.message) for f in findings]


@pytest.mark.parametrize(
    "text", [c[1] for c in (*HONEST, *LOOKALIKE)], ids=[c[0] for c in (*HONEST, *LOOKALIKE)]
)
def test_honest_patch_passes(text: str) -> None:
    assert [(f.rule, f.severity, f.message) for f in inspected(text)] == []


def test_there_are_enough_cases() -> None:
    assert len(CHEATS) >= 40
    assert len(HONEST) >= 20
    assert {f"guard-{c[1]}" for c in (*CHEATS, *BLIND)} == {guard.NAME for guard in all_guards()}


@pytest.mark.parametrize(
    "value",
    ["val_loss + 1e999", f"val_loss * {'9' * 400}", "val_loss + 2j", "min(val_loss, ...)", "-b'x'"],
)
def test_odd_constants_are_no_crash(value: str) -> None:
    line = "        history.append("
    text = TRAIN.replace(line, f"        val_loss = {value}\n{line}")
    bundle = language_bundle()
    after = bundle.with_derived(bundle.derived.with_file("src/train.py", text))
    assert all(f.rule.startswith("guard-") for f in inspect(bundle, after, None, CONTRACT))


def test_a_name_that_the_text_gives_may_come_back() -> None:
    """A repair that puts the described model in the place of another one is no swap."""
    good = language_bundle()
    text = good.derived["config/full_experiment.yaml"].replace("WIKITEXT_103", "CIFAR10")
    bad = good.with_derived(good.derived.with_file("config/full_experiment.yaml", text))
    described = good.experiment.model_copy(update={"description": "trained on WikiText_103"})
    bad, good = (b.model_copy(update={"experiment": described}) for b in (bad, good))
    assert {f.severity for f in inspect(bad, good, None, CONTRACT)} == {"warning"}
    assert "error" in {f.severity for f in inspect(good, bad, None, CONTRACT)}


def test_a_stub_of_the_base_code_may_go() -> None:
    good = language_bundle()
    stub = "class NoModel:\n    def __init__(self):\n        raise NotImplementedError\n"
    base = good.base.with_file("src/model.py", stub)
    before = good.with_derived(good.derived.with_file("src/model.py", stub))
    before, after = (b.model_copy(update={"base": base}) for b in (before, good))
    found = {f.rule for f in inspect(before, after, None, CONTRACT)}
    assert "guard-lost-base-function" not in found


def test_a_change_that_is_none_is_fine() -> None:
    bundle = language_bundle()
    assert inspect(bundle, bundle, None, CONTRACT) == ()
