"""Job sequences of Syne Tune 0.13's PASHA on 60 random problems, and how many of them ours equals.

    python bench/hpo/pasha_reference.py               compares with the recorded ones
    python bench/hpo/pasha_reference.py compare FILE  compares with those of another record
    python bench/hpo/pasha_reference.py record FILE   needs syne-tune==0.13.0 and numpy<1.27

Record with PYTHONHASHSEED=0: the reference walks over sets of strings where it collects pairs of
trials, so its epsilon, and rarely its jobs, depend on the hash seed.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from pathlib import Path

from pasha_problem import NUM_PROBLEMS, Job, Problem, play, problem

RECORD = Path(__file__).parents[2] / "tests" / "hpo" / "reference" / "pasha-syne-tune-0.13.json"


def reference(given: Problem) -> list[Job]:
    from datetime import datetime

    from syne_tune.backend.trial_status import Trial
    from syne_tune.config_space import uniform
    from syne_tune.optimizer.baselines import PASHA

    scheduler = PASHA(
        {"x": uniform(0, 1)},
        metric="value",
        mode=given.mode,
        resource_attr="epoch",
        max_t=given.max_epochs,
        grace_period=given.min_epochs,
        reduction_factor=given.reduction_factor,
        random_seed=0,
    )
    trials: dict[int, Trial] = {}
    refused = itertools.count(10_000)

    def next_job() -> Job | None:
        new = len(trials)
        # A new trial beyond the last one is offered under a number of its own and never started.
        suggestion = scheduler.suggest(new if new < given.num_trials else next(refused))
        if not suggestion.spawn_new_trial_id:
            trial = int(suggestion.checkpoint_trial_id)
            info = running()[str(trial)]
            return trial, info["resume_from"], info["milestone"]
        if new >= given.num_trials:
            return None
        trials[new] = Trial(new, suggestion.config, datetime.now())
        scheduler.on_trial_add(trials[new])
        return new, 0, running()[str(new)]["milestone"]

    def running() -> dict:
        return scheduler.terminator._rung_systems[0]._running

    def report(trial: int, epoch: int, value: float) -> bool:
        result = {"value": value, "epoch": epoch}
        decision = scheduler.on_trial_result(trials[trial], result)
        if decision == "STOP":
            scheduler.on_trial_complete(trials[trial], result)
        return decision == "CONTINUE"

    return play(given, next_job, report)


def ours(given: Problem) -> list[Job]:
    from ohgw_tools.templates.schedulers import PashaScheduler

    scheduler = PashaScheduler(
        given.max_epochs,
        given.min_epochs,
        given.reduction_factor,
        max_trials=given.num_trials,
        mode=given.mode,
    )
    return play(given, scheduler.next_job, scheduler.report)


def main() -> None:
    task, path = sys.argv[1:3] if len(sys.argv) > 2 else ("compare", str(RECORD))
    if task == "record":
        if os.environ.get("PYTHONHASHSEED") != "0":
            raise SystemExit("set PYTHONHASHSEED=0")
        found = {str(seed): reference(problem(seed)) for seed in range(NUM_PROBLEMS)}
        Path(path).write_text(json.dumps(found, separators=(",", ":")) + "\n")
        return
    known = {int(seed): jobs for seed, jobs in json.loads(Path(path).read_text()).items()}
    differing = [s for s, jobs in known.items() if [list(j) for j in ours(problem(s))] != jobs]
    jobs = sum(map(len, known.values()))
    print(f"{len(known) - len(differing)} of {len(known)} job sequences equal ({jobs} jobs)")
    print("differing problems:", differing)


if __name__ == "__main__":
    main()
