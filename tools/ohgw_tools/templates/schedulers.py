"""Asynchronous schedulers of trials, each a small class without dependencies.

A scheduler is asked for the next job, (trial, from_epoch, to_epoch), and told the value that a
trial reached after each epoch. Trials are numbered from 0 in the order in which they start. A
diverged trial (NaN or infinity) is never promoted.
"""

from __future__ import annotations

import math
from typing import Any

Job = tuple[int, int, int]


class AshaScheduler:
    """Asynchronous successive halving, promotion form (Li et al., MLSys 2020).

    A trial pauses at each rung (min_epochs * reduction_factor**k) and is promoted once it is among
    the best 1/reduction_factor of its rung. `next_job` promotes from the highest rung possible,
    else starts a new trial; None means that there is nothing to do at present.
    """

    def __init__(
        self,
        max_epochs: int,
        min_epochs: int = 1,
        reduction_factor: int = 3,
        max_trials: int | None = None,
        mode: str = "min",
    ) -> None:
        if not 1 <= min_epochs < max_epochs or reduction_factor < 2:
            raise ValueError("need 1 <= min_epochs < max_epochs and reduction_factor >= 2")
        self.levels: list[int] = []
        level = min_epochs
        while level < max_epochs:
            self.levels.append(level)
            level *= reduction_factor
        self.max_epochs = max_epochs
        self.cap = max_epochs
        self.max_trials = max_trials
        self.sign = {"min": 1.0, "max": -1.0}[mode]
        self.num_trials = 0
        self.milestones: dict[int, int] = {}
        # One list for each level: [cost, trial, promoted], best first.
        self.rungs: list[list[list[Any]]] = [[] for _ in self.levels]

    def next_job(self) -> Job | None:
        """Return (trial, from_epoch, to_epoch), or None if there is nothing to do at present."""
        upper = [*self.levels[1:], self.max_epochs]
        for index in reversed(range(len(self.levels))):
            if self.levels[index] < self.cap:
                trial = self._promotable(index, self.levels[index] / upper[index])
                if trial is not None:
                    self.milestones[trial] = upper[index]
                    return trial, self.levels[index], upper[index]
        if self.max_trials is not None and self.num_trials >= self.max_trials:
            return None
        trial = self.num_trials
        self.num_trials += 1
        self.milestones[trial] = self.levels[0]
        return trial, 0, self.levels[0]

    def report(self, trial: int, epoch: int, value: float) -> bool:
        """Take the value after `epoch`; return whether the trial goes on (else it pauses)."""
        if epoch < self.milestones[trial]:
            return True
        if epoch in self.levels:
            rung = self.rungs[self.levels.index(epoch)]
            rung.append([self._cost(value), trial, False])
            rung.sort(key=lambda entry: entry[0])
        return False

    def _cost(self, value: float) -> float:
        return self.sign * value if math.isfinite(value) else math.inf

    def _promotable(self, index: int, share: float) -> int | None:
        rung = self.rungs[index]
        if len(rung) < 2:
            return None
        # The quantile of the values as measured: from their other end where larger is better.
        last = len(rung) - 1
        position = last * share if self.sign > 0 else last - (last * (1 - share) + 1) + 1
        low, part = int(position), position - int(position)
        cutoff = rung[low][0]
        if part > 0:
            cutoff = part * rung[low + 1][0] + (1 - part) * rung[low][0]
        for entry in rung:
            if not entry[2]:
                if math.isinf(entry[0]) or entry[0] > cutoff:
                    return None
                entry[2] = True
                # Behind its equals, so that ties are promoted in the order in which they arrived.
                rung.remove(entry)
                rung.append(entry)
                rung.sort(key=lambda other: other[0])
                return int(entry[1])
        return None


class PashaScheduler:
    """Progressive ASHA (Bohdal et al., ICLR 2023). It looks at rankings and uses no gradients.

    ASHA whose largest resource starts at its second rung and grows by one rung whenever the two top
    rungs rank their common trials differently. Two trials count as equal within epsilon, which is
    the 90th percentile of the distances between trials whose curves cross there and back.
    """

    def __init__(
        self,
        max_epochs: int,
        min_epochs: int = 1,
        reduction_factor: int = 3,
        max_trials: int | None = None,
        mode: str = "min",
    ) -> None:
        self.asha = AshaScheduler(max_epochs, min_epochs, reduction_factor, max_trials, mode)
        self.top = min(len(self.asha.levels), 2) - 1
        self.asha.cap = self.asha.levels[self.top] if self.top > 0 else max_epochs
        self.epsilon = 0.0
        self.curves: dict[int, dict[int, float]] = {}

    @property
    def cap(self) -> int:
        """The largest resource that a trial may get at present, in epochs."""
        return self.asha.cap

    @property
    def num_trials(self) -> int:
        """The number of trials started."""
        return self.asha.num_trials

    def next_job(self) -> Job | None:
        """Return (trial, from_epoch, to_epoch), or None if there is nothing to do at present."""
        return self.asha.next_job()

    def report(self, trial: int, epoch: int, value: float) -> bool:
        """Take the value after `epoch`; return whether the trial goes on (else it pauses)."""
        goes_on = self.asha.report(trial, epoch, value)
        self.curves.setdefault(trial, {})[epoch] = self.asha._cost(value)
        if self.top > 0:
            self._update_epsilon()
            if self._rankings_differ():
                self._raise_cap()
        return goes_on

    def _raise_cap(self) -> None:
        if self.top + 1 < len(self.asha.levels):
            self.top += 1
            self.asha.cap = self.asha.levels[self.top]
        else:
            self.asha.cap = self.asha.max_epochs

    def _rankings_differ(self) -> bool:
        upper, lower = self.asha.rungs[self.top], self.asha.rungs[self.top - 1]
        common = {entry[1] for entry in upper}
        before = [entry for entry in lower if entry[1] in common]
        epsilon = self.epsilon if len(before) > 1 else 0.0
        for place, entry in enumerate(upper):
            cost = next(other[0] for other in before if other[1] == entry[1])
            rival = before[place]
            # The trial at this place now must have been as good as the one that held it before.
            if abs(cost - rival[0]) > epsilon:
                return True
        return False

    def _update_epsilon(self) -> None:
        newest = max(max(curve) for curve in self.curves.values())
        first, last = self.asha.levels[self.top - 1], self.asha.levels[self.top]
        distances: list[float] = []
        seen: set[tuple[int, int]] = set()
        for epoch in range(min(newest, last), first, -1):
            alive = sorted(trial for trial, curve in self.curves.items() if epoch in curve)
            for position, one in enumerate(alive):
                for other in alive[position + 1 :]:
                    if (one, other) not in seen:
                        seen.add((one, other))
                        if self._criss_cross(one, other, epoch):
                            gap = self.curves[one][epoch] - self.curves[other][epoch]
                            distances.append(abs(gap))
        finite = sorted(d for d in distances if math.isfinite(d))
        if finite:
            self.epsilon = _percentile(finite, 0.9)

    def _criss_cross(self, one: int, other: int, epoch: int) -> bool:
        ahead = self.curves[one][epoch] > self.curves[other][epoch]
        crossed = False
        for earlier in range(epoch - 1, 0, -1):
            was_ahead = self.curves[one][earlier] > self.curves[other][earlier]
            if was_ahead != ahead:
                crossed = True
            elif crossed:
                return True
        return False


def _percentile(ordered: list[float], share: float) -> float:
    """Return the linearly interpolated percentile of an ascending list."""
    position = (len(ordered) - 1) * share
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (position - low) * (ordered[high] - ordered[low])
