from __future__ import annotations

from collections.abc import Iterable

import pytest
from slip_corpus import Slip, corpus

from ohgw_tools.editing.patch import apply
from ohgw_tools.editing.patch_text import read_patch
from ohgw_tools.editing.refusal import Refusal, reasons_of
from ohgw_tools.errors import PatchRejected
from ohgw_tools.tree import Tree

CORPUS = corpus()


def outcome(slip: Slip) -> Tree | tuple[Refusal, ...]:
    try:
        return apply(slip.tree, read_patch(slip.answer, slip.tree)).tree
    except PatchRejected as error:
        return reasons_of(error)


def report(slips: Iterable[Slip]) -> str:
    return "\n".join(slip.name for slip in slips)


def test_corpus_is_large_and_its_cases_differ() -> None:
    assert len(CORPUS) >= 300
    assert len({(slip.answer, slip.tree) for slip in CORPUS}) == len(CORPUS)


def test_no_edit_is_wrong() -> None:
    wrong = []
    for slip in CORPUS:
        result = outcome(slip)
        if isinstance(result, Tree) and result != slip.wanted:
            wrong.append(slip)
    assert not wrong, report(wrong)


def test_at_least_95_percent_of_the_unambiguous_are_recovered() -> None:
    unambiguous = [slip for slip in CORPUS if slip.wanted is not None]
    lost = [slip for slip in unambiguous if outcome(slip) != slip.wanted]
    assert len(unambiguous) >= 300
    assert len(lost) <= 0.05 * len(unambiguous), report(lost)


@pytest.mark.parametrize(
    "slip", [s for s in CORPUS if s.wanted is None], ids=lambda slip: slip.name
)
def test_refusal_names_its_reason(slip: Slip) -> None:
    result = outcome(slip)
    assert not isinstance(result, Tree)
    assert {reason.code for reason in result} & set(slip.codes), list(map(str, result))
    for reason in result:
        assert len(reason.message) > 15
        assert len(str(reason)) < 4000
