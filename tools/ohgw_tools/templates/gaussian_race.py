"""A model-based race of trials, with the interface of the other schedulers: `next_job` gives
(trial, from_epoch, to_epoch), `report` takes the value after an epoch.
"""

# mypy: disable-error-code="import-not-found,no-any-return"

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Job = tuple[int, int, int]


class GaussianProcessRaceScheduler:
    """Grey-box Bayesian optimisation over configurations and epochs: a substitute for DyHPO.

    As in DyHPO (Wistuba et al., NeurIPS 2022) any trial of a pool may be the next to get
    `min_epochs` more: the one whose multi-fidelity expected improvement is largest. Unlike DyHPO
    the surrogate is a plain Gaussian process over (configuration, epoch), with neither a deep
    kernel nor an embedding of learning curves, so its results are not DyHPO's. Also near to BOIL
    (Nguyen et al., NeurIPS 2020), which weighs improvement by its cost.

    `features(trial)` gives a configuration as numbers in [0, 1]; `max_trials` is the pool's size.
    Diverged trials are not continued. `next_job` returns None once all trials are done, or while
    nothing can be chosen. The Gaussian process is fitted to the newest `memory` reports.
    """

    def __init__(
        self,
        max_epochs: int,
        min_epochs: int = 1,
        reduction_factor: int = 3,
        max_trials: int | None = None,
        mode: str = "min",
        features: Callable[[int], list[float]] | None = None,
        memory: int = 256,
    ) -> None:
        if not 1 <= min_epochs <= max_epochs:
            raise ValueError("need 1 <= min_epochs <= max_epochs")
        self.max_epochs = max_epochs
        self.step = min_epochs
        self.sign = {"min": 1.0, "max": -1.0}[mode]
        self.features = features or (lambda trial: [])
        self.memory = memory
        self.pool = range(max_trials or 100)
        self.reached: dict[int, int] = {}
        self.running: dict[int, int] = {}
        self.diverged: set[int] = set()
        # (trial, epoch, cost) at the end of each job.
        self.reports: list[tuple[int, int, float]] = []

    @property
    def num_trials(self) -> int:
        """The number of trials started."""
        return len({*self.reached, *self.running})

    def next_job(self) -> Job | None:
        """Return (trial, from_epoch, to_epoch), or None if there is nothing to do at present."""
        open_trials = [
            trial
            for trial in self.pool
            if trial not in self.running
            and trial not in self.diverged
            and self.reached.get(trial, 0) < self.max_epochs
        ]
        if not open_trials:
            return None
        trial = open_trials[0]
        if len(self.reports) >= 2:
            gains = self._gains(open_trials)
            trial = max(open_trials, key=lambda one: (gains[one], -one))
        elif self.reports:
            trial = next((one for one in open_trials if one not in self.reached), trial)
        start = self.reached.get(trial, 0)
        self.running[trial] = min(start + self.step, self.max_epochs)
        return trial, start, self.running[trial]

    def report(self, trial: int, epoch: int, value: float) -> bool:
        """Take the value after `epoch`; return whether the trial goes on (else it pauses)."""
        if epoch < self.running[trial]:
            return True
        del self.running[trial]
        self.reached[trial] = epoch
        if math.isfinite(value):
            self.reports.append((trial, epoch, self.sign * value))
        else:
            self.diverged.add(trial)
        return False

    def _gains(self, trials: list[int]) -> dict[int, float]:
        """Expected improvement of each trial at its next epoch over the best at that epoch."""
        reports = self.reports[-self.memory :]
        costs = np.array([cost for _, _, cost in reports])
        centre, spread = costs.mean(), costs.std() or 1.0
        seen = np.array([self._point(trial, epoch) for trial, epoch, _ in reports])
        ends = [min(self.reached.get(t, 0) + self.step, self.max_epochs) for t in trials]
        asked = np.array([self._point(t, end) for t, end in zip(trials, ends)])  # noqa: B905
        mean, deviation = gaussian_process(seen, (costs - centre) / spread, asked)
        found = {}
        for place, trial in enumerate(trials):
            at_end = [cost for _, epoch, cost in self.reports if epoch >= ends[place]]
            best = (min(at_end or [cost for _, _, cost in self.reports]) - centre) / spread
            z = (best - mean[place]) / deviation[place]
            density = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
            below = 0.5 * (1 + math.erf(z / math.sqrt(2)))
            found[trial] = float((best - mean[place]) * below + deviation[place] * density)
        return found

    def _point(self, trial: int, epoch: int) -> list[float]:
        """Configuration and epoch, the latter on a logarithmic scale from 0 to 1."""
        return [*self.features(trial), math.log(epoch) / max(math.log(self.max_epochs), 1e-9)]


def gaussian_process(seen: Any, values: Any, asked: Any) -> tuple[Any, Any]:
    """Return posterior mean and standard deviation at `asked` (points, dimensions).

    Squared exponential kernel of unit variance; length scale and noise are those of a small grid
    with the largest marginal likelihood (Rasmussen and Williams 2006, algorithm 2.1).
    """

    def kernel(left: Any, right: Any, scale: float) -> Any:
        gaps = ((left[:, None, :] - right[None, :, :]) / scale) ** 2
        return np.exp(-0.5 * gaps.sum(axis=-1))

    best: tuple[float, Any] = (-math.inf, None)
    for scale in (0.15, 0.3, 0.6, 1.2):
        gram = kernel(seen, seen, scale)
        for noise in (1e-3, 1e-2, 1e-1):
            factor = np.linalg.cholesky(gram + noise * np.eye(len(seen)))
            weights = np.linalg.solve(factor.T, np.linalg.solve(factor, values))
            fit = -0.5 * float(values @ weights) - float(np.log(np.diag(factor)).sum())
            if fit > best[0]:
                best = (fit, (scale, factor, weights))
    scale, factor, weights = best[1]
    cross = kernel(asked, seen, scale)
    half = np.linalg.solve(factor, cross.T)
    variance = np.clip(1.0 - (half**2).sum(axis=0), 1e-12, None)
    return cross @ weights, np.sqrt(variance)
