"""The model-based race that stands in for DyHPO and BOIL."""

from __future__ import annotations

import math
import random

import pytest

# NumPy is a dependency of the experiments, and comes with PyTorch here.
pytestmark = pytest.mark.torch


def racer(*given, **options):
    from ohgw_tools.templates.gaussian_race import GaussianProcessRaceScheduler

    return GaussianProcessRaceScheduler(*given, **options)


def race(scheduler, value, epochs=math.inf):
    """Play a scheduler with one worker; return its jobs until `epochs` are spent."""
    jobs, spent = [], 0
    while spent < epochs and (job := scheduler.next_job()) is not None:
        jobs.append(job)
        trial, start, end = job
        for epoch in range(start + 1, end + 1):
            assert scheduler.report(trial, epoch, value(trial, epoch)) == (epoch < end)
        spent += end - start
    return jobs


def problem(seed, trials=40):
    """Configurations in two dimensions and their learning curves: better ones end lower."""
    rng = random.Random(seed)
    points = [[rng.random(), rng.random()] for _ in range(trials)]
    best = [rng.random(), rng.random()]

    def value(trial, epoch):
        gap = math.dist(points[trial], best)
        return gap + (0.3 + 0.2 * points[trial][0]) / epoch

    return points, value


def test_the_posterior_is_that_of_the_plain_formulas():
    import numpy as np

    from ohgw_tools.templates.gaussian_race import gaussian_process

    rng = np.random.default_rng(0)
    seen, asked = rng.random((6, 2)), rng.random((3, 2))
    values = rng.standard_normal(6)
    found = gaussian_process(seen, values, asked)

    def gram(left, right, scale):
        return np.array(
            [[math.exp(-0.5 * sum(((a - b) / scale) ** 2)) for b in right] for a in left]
        )

    likely = {}
    for scale in (0.15, 0.3, 0.6, 1.2):
        for noise in (1e-3, 1e-2, 1e-1):
            full = gram(seen, seen, scale) + noise * np.eye(6)
            fit = -0.5 * values @ np.linalg.inv(full) @ values
            likely[scale, noise] = fit - 0.5 * math.log(np.linalg.det(full))
    scale, noise = max(likely, key=likely.__getitem__)
    inverse = np.linalg.inv(gram(seen, seen, scale) + noise * np.eye(6))
    cross = gram(asked, seen, scale)
    assert found[0] == pytest.approx(cross @ inverse @ values, rel=1e-6)
    variance = [1 - row @ inverse @ row for row in cross]
    assert found[1] ** 2 == pytest.approx(variance, rel=1e-4, abs=1e-9)


def test_trials_go_on_where_they_paused_and_all_end():
    points, value = problem(1, trials=6)
    scheduler = racer(5, 2, max_trials=6, features=points.__getitem__)
    jobs = race(scheduler, value)
    for trial in range(6):
        mine = [(start, end) for one, start, end in jobs if one == trial]
        assert mine == [(0, 2), (2, 4), (4, 5)]
    assert scheduler.num_trials == 6


def test_a_diverged_trial_is_not_continued():
    scheduler = racer(6, 1, max_trials=6, features=lambda trial: [trial / 6])
    jobs = race(scheduler, lambda trial, epoch: math.nan if trial % 2 else 1.0 / epoch)
    assert {trial for trial, start, _ in jobs if start > 0} == {0, 2, 4}


def test_larger_is_better_where_that_is_said():
    points, value = problem(3)
    down = race(racer(9, 3, features=points.__getitem__, max_trials=40), value, 60)
    up = race(
        racer(9, 3, mode="max", features=points.__getitem__, max_trials=40),
        lambda trial, epoch: -value(trial, epoch),
        60,
    )
    assert up == down


def test_what_is_asked_for_at_once_is_never_the_same_trial():
    scheduler = racer(4, 1, max_trials=3)
    jobs = [scheduler.next_job() for _ in range(4)]
    assert [job[0] for job in jobs[:3]] == [0, 1, 2]
    assert jobs[3] is None


def test_it_finds_better_configurations_than_full_training_in_turn_at_the_same_cost():
    """Mean regret over 12 problems, 90 epochs each, against trials trained to the end in order."""
    raced, plain = [], []
    for seed in range(12):
        points, value = problem(seed)
        ends = [value(trial, 9) for trial in range(40)]
        scheduler = racer(9, 1, features=points.__getitem__, max_trials=40)
        seen = [value(trial, end) for trial, _, end in race(scheduler, value, 90)]
        raced.append(min(seen) - min(ends))
        plain.append(min(ends[:10]) - min(ends))
    assert sum(raced) < 0.5 * sum(plain)


def test_impossible_resources_are_refused():
    with pytest.raises(ValueError, match="min_epochs"):
        racer(2, 3)
