"""The schedulers that recipes write: their rungs, promotions and ends, and PASHA's reference."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from pathlib import Path

import pytest

from ohgw_tools import templates
from ohgw_tools.templates.halving import HyperbandScheduler, SuccessiveHalvingScheduler
from ohgw_tools.templates.schedulers import AshaScheduler, Job, PashaScheduler

ROOT = Path(__file__).parents[2]
REFERENCE = Path(__file__).parent / "reference" / "pasha-syne-tune-0.13.json"
sys.path.insert(0, str(ROOT / "bench" / "hpo"))

from pasha_problem import NUM_PROBLEMS, play, problem  # noqa: E402
from pasha_reference import ours  # noqa: E402


def run(scheduler, value) -> list[Job]:
    """Play a scheduler with one worker; `value(trial, epoch)` is the loss."""
    jobs = []
    while (job := scheduler.next_job()) is not None:
        jobs.append(job)
        trial, start, end = job
        for epoch in range(start + 1, end + 1):
            goes_on = scheduler.report(trial, epoch, value(trial, epoch))
            assert goes_on == (epoch < end)
    return jobs


def stable(trial: int, epoch: int) -> float:
    return trial + 1 / epoch


def reversing(trial: int, epoch: int) -> float:
    """The ranking turns round with every epoch."""
    return trial * (1 if epoch % 2 else -1)


def test_pasha_equals_the_reference() -> None:
    known = json.loads(REFERENCE.read_text())
    assert len(known) == NUM_PROBLEMS
    differing = [s for s in known if [list(j) for j in ours(problem(int(s)))] != known[s]]
    assert differing == []


def test_the_reference_problems_grow_the_cap_in_some_and_not_in_others() -> None:
    caps = Counter()
    for seed in range(NUM_PROBLEMS):
        given = problem(seed)
        scheduler = PashaScheduler(
            given.max_epochs,
            given.min_epochs,
            given.reduction_factor,
            max_trials=given.num_trials,
            mode=given.mode,
        )
        play(given, scheduler.next_job, scheduler.report)
        caps["full" if scheduler.cap == given.max_epochs else "early"] += 1
    assert min(caps.values()) >= 5


def test_pasha_stops_at_its_second_rung_under_a_stable_ranking_and_asha_does_not() -> None:
    pasha = run(PashaScheduler(27, 1, 3, max_trials=27), stable)
    asha = run(AshaScheduler(27, 1, 3, max_trials=27), stable)
    assert max(end for _, _, end in pasha) == 3
    assert max(end for _, _, end in asha) == 27


def test_pasha_grows_by_one_rung_when_curves_cross_once() -> None:
    """The ranking of epoch 1 is turned round at epoch 3, and keeps that order at epoch 9."""
    jobs = run(PashaScheduler(27, 1, 3, max_trials=40), lambda trial, epoch: trial * (2.0 - epoch))
    assert max(end for _, _, end in jobs) == 9


def test_a_loss_that_is_maximised_is_the_mirror_of_one_that_is_minimised() -> None:
    down = run(PashaScheduler(30, 1, 2, max_trials=16), reversing)
    up = run(PashaScheduler(30, 1, 2, max_trials=16, mode="max"), lambda t, e: -reversing(t, e))
    assert down == up


def test_asha_promotes_a_third_of_each_rung_and_each_trial_once() -> None:
    jobs = run(AshaScheduler(9, 1, 3, max_trials=27), stable)
    assert len(jobs) == len(set(jobs))
    ends = Counter(end for _, _, end in jobs)
    assert ends[1] == 27
    assert 9 <= ends[3] <= 10
    assert 3 <= ends[9] <= 4
    assert (0, 1, 3) in jobs
    assert (0, 3, 9) in jobs


def test_a_diverged_trial_is_never_promoted() -> None:
    def value(trial: int, epoch: int) -> float:
        return math.nan if trial % 2 else (math.inf if trial % 4 == 0 else 1.0)

    for scheduler in (
        AshaScheduler(9, 1, 3, max_trials=12),
        PashaScheduler(9, 1, 3, max_trials=12),
        SuccessiveHalvingScheduler(9, max_trials=12),
        HyperbandScheduler(9),
        AshaScheduler(9, 1, 3, max_trials=12, mode="max"),
    ):
        promoted = {trial for trial, start, _ in run(scheduler, value) if start > 0}
        assert all(trial % 4 == 2 for trial in promoted), type(scheduler)
        assert promoted


def test_successive_halving_waits_for_its_rung() -> None:
    scheduler = SuccessiveHalvingScheduler(9, max_trials=3)
    jobs = [scheduler.next_job() for _ in range(4)]
    assert jobs == [(0, 0, 1), (1, 0, 1), (2, 0, 1), None]
    for trial in (2, 0):
        scheduler.report(trial, 1, float(trial))
    assert scheduler.next_job() is None
    assert not scheduler.finished
    scheduler.report(1, 1, 1.0)
    assert scheduler.next_job() == (0, 1, 3)


def test_successive_halving_halves() -> None:
    scheduler = SuccessiveHalvingScheduler(8, 1, 2)
    jobs = run(scheduler, stable)
    assert Counter(end for _, _, end in jobs) == {1: 8, 2: 4, 4: 2, 8: 1}
    assert scheduler.finished


def test_hyperband_has_the_brackets_of_the_paper() -> None:
    """Table 1 of Li et al. (R = 81, eta = 3) lists 81, 34, 15, 8 and 5 trials: n rounds up."""
    scheduler = HyperbandScheduler(81)
    firsts = Counter(end for _, start, end in run(scheduler, stable) if start == 0)
    assert firsts == {1: 81, 3: 34, 9: 15, 27: 8, 81: 5}
    assert scheduler.finished
    assert scheduler.num_trials == 143


@pytest.mark.parametrize("given", [(1, 1, 3), (9, 0, 3), (9, 1, 1)])
def test_impossible_resources_are_refused(given: tuple[int, int, int]) -> None:
    for cls in (AshaScheduler, PashaScheduler):
        with pytest.raises(ValueError, match="min_epochs"):
            cls(*given)


def test_pasha_with_too_few_rungs_to_grow_is_asha() -> None:
    for largest in (2, 3):
        pasha = run(PashaScheduler(largest, 1, 3, max_trials=9), stable)
        assert pasha == run(AshaScheduler(largest, 1, 3, max_trials=9), stable)


def test_lifted_definitions_run_on_their_own() -> None:
    text = templates.definitions(
        "schedulers", "Job", "AshaScheduler", "PashaScheduler", "_percentile"
    )
    assert "Hyperband" not in text
    scope: dict = {}
    source = "from __future__ import annotations\nimport math\n" + text
    exec(compile(source, "lifted", "exec"), scope)  # our own text
    lifted = run(scope["PashaScheduler"](30, 1, 2, max_trials=12), stable)
    assert lifted == run(PashaScheduler(30, 1, 2, max_trials=12), stable)


def test_asking_for_an_unknown_definition_is_an_error() -> None:
    with pytest.raises(KeyError, match="NoSuchScheduler"):
        templates.definitions("schedulers", "NoSuchScheduler")
