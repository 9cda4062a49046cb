"""Random search problems for schedulers: learning curves with noise, and the loop that plays them.

The loop is the same for the class under test and for the reference: `workers` jobs at a time, each
advanced by one epoch a round, in order of workers.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

Job = tuple[int, int, int]
NUM_PROBLEMS = 60


@dataclass(frozen=True)
class Problem:
    """`values[trial][epoch - 1]` is the loss of a trial after an epoch."""

    seed: int
    num_trials: int
    max_epochs: int
    min_epochs: int
    reduction_factor: int
    workers: int
    mode: str
    values: tuple[tuple[float, ...], ...]


def problem(seed: int) -> Problem:
    """Return the random problem `seed`; the same on every machine."""
    rng = random.Random(seed)
    num_trials, max_epochs = rng.randint(4, 24), rng.randint(20, 81)
    reduction_factor, min_epochs = rng.choice((2, 3)), rng.choice((1, 2))
    noise, workers = rng.choice((0.0, 0.02, 0.1, 0.5)), rng.choice((1, 1, 2, 4))
    mode = rng.choice(("min", "max"))
    curves = [_curve(rng, max_epochs, noise, -1 if mode == "max" else 1) for _ in range(num_trials)]
    return Problem(
        seed, num_trials, max_epochs, min_epochs, reduction_factor, workers, mode, tuple(curves)
    )


def _curve(rng: random.Random, epochs: int, noise: float, sign: int) -> tuple[float, ...]:
    floor, height, speed = rng.random(), 1 + rng.random(), 0.1 + rng.random()
    return tuple(
        sign * (floor + height * (epoch + 1) ** -speed + noise * rng.gauss(0, 1))
        for epoch in range(epochs)
    )


def play(
    given: Problem,
    next_job: Callable[[], Job | None],
    report: Callable[[int, int, float], bool],
) -> list[Job]:
    """Play the problem to its end and return the jobs in the order of their start."""
    jobs: list[Job] = []
    running: dict[int, Job] = {}
    at: dict[int, int] = {}
    while True:
        for worker in range(given.workers):
            if worker not in running:
                job = next_job()
                if job is not None:
                    jobs.append(job)
                    running[worker], at[worker] = job, job[1]
        if not running:
            return jobs
        for worker in sorted(running):
            trial = running[worker][0]
            at[worker] += 1
            if not report(trial, at[worker], given.values[trial][at[worker] - 1]):
                del running[worker]
