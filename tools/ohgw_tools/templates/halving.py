"""Synchronous schedulers of trials, with the interface of the asynchronous ones: `next_job` gives
(trial, from_epoch, to_epoch), `report` takes the value after an epoch.
"""

from __future__ import annotations

import math

Job = tuple[int, int, int]


class SuccessiveHalvingScheduler:
    """Synchronous successive halving (Jamieson and Talwalkar, AISTATS 2016).

    All trials of a rung finish before the best 1/reduction_factor of them go on. It starts with
    `max_trials`, if none are given with as many as leave one trial for the last rung. `next_job`
    returns None while a rung still runs elsewhere, and for good once `finished` is true.
    """

    def __init__(
        self,
        max_epochs: int,
        min_epochs: int = 1,
        reduction_factor: int = 3,
        max_trials: int | None = None,
        mode: str = "min",
        first_trial: int = 0,
    ) -> None:
        if not 1 <= min_epochs <= max_epochs or reduction_factor < 2:
            raise ValueError("need 1 <= min_epochs <= max_epochs and reduction_factor >= 2")
        self.max_epochs = max_epochs
        self.reduction_factor = reduction_factor
        self.sign = {"min": 1.0, "max": -1.0}[mode]
        self.level = min_epochs
        self.from_epoch = 0
        if max_trials is None:
            max_trials, level = 1, min_epochs
            while level < max_epochs:
                max_trials, level = max_trials * reduction_factor, level * reduction_factor
        self.num_trials = max_trials
        self.waiting = list(range(first_trial, first_trial + max_trials))
        self.running: set[int] = set()
        self.costs: dict[int, float] = {}
        self.finished = max_trials == 0

    def next_job(self) -> Job | None:
        """Return (trial, from_epoch, to_epoch), or None if there is nothing to do at present."""
        if not self.waiting:
            return None
        trial = self.waiting.pop(0)
        self.running.add(trial)
        return trial, self.from_epoch, self.level

    def report(self, trial: int, epoch: int, value: float) -> bool:
        """Take the value after `epoch`; return whether the trial goes on (else it pauses)."""
        if epoch < self.level:
            return True
        self.costs[trial] = self.sign * value if math.isfinite(value) else math.inf
        self.running.discard(trial)
        if not self.waiting and not self.running:
            self._next_rung()
        return False

    def _next_rung(self) -> None:
        ranked = sorted(self.costs, key=lambda trial: (self.costs[trial], trial))
        ranked = [trial for trial in ranked if math.isfinite(self.costs[trial])]
        keep = ranked[: len(self.costs) // self.reduction_factor]
        self.costs = {}
        if self.level >= self.max_epochs or not keep:
            self.finished = True
            return
        self.from_epoch = self.level
        self.level = min(self.level * self.reduction_factor, self.max_epochs)
        self.waiting = keep


class HyperbandScheduler:
    """Hyperband (Li et al., JMLR 2018): brackets of successive halving, most aggressive first.

    `max_trials` limits the trials of each bracket, for smoke tests.
    """

    def __init__(
        self,
        max_epochs: int,
        min_epochs: int = 1,
        reduction_factor: int = 3,
        max_trials: int | None = None,
        mode: str = "min",
    ) -> None:
        if not 1 <= min_epochs <= max_epochs or reduction_factor < 2:
            raise ValueError("need 1 <= min_epochs <= max_epochs and reduction_factor >= 2")
        largest = 0
        while min_epochs * reduction_factor ** (largest + 1) <= max_epochs:
            largest += 1
        self.brackets: list[SuccessiveHalvingScheduler] = []
        first_trial = 0
        for s in range(largest, -1, -1):
            num_trials = -(-(largest + 1) * reduction_factor**s // (s + 1))
            num_trials = min(num_trials, max_trials or num_trials)
            level = max(min_epochs, max_epochs // reduction_factor**s)
            bracket = SuccessiveHalvingScheduler(
                max_epochs, level, reduction_factor, num_trials, mode, first_trial
            )
            self.brackets.append(bracket)
            first_trial += num_trials
        self.num_trials = first_trial
        self.owner: dict[int, SuccessiveHalvingScheduler] = {}

    @property
    def finished(self) -> bool:
        """Whether all brackets are done."""
        return all(bracket.finished for bracket in self.brackets)

    def next_job(self) -> Job | None:
        """Return (trial, from_epoch, to_epoch), or None if there is nothing to do at present."""
        for bracket in self.brackets:
            job = bracket.next_job()
            if job is not None:
                self.owner[job[0]] = bracket
                return job
        return None

    def report(self, trial: int, epoch: int, value: float) -> bool:
        """Take the value after `epoch`; return whether the trial goes on (else it pauses)."""
        return self.owner[trial].report(trial, epoch, value)
