"""Comparison of run variations by paired seeds: speed-up, Wilcoxon signed-rank test, Bonferroni."""

from __future__ import annotations

import statistics
from typing import Any


def wilcoxon_signed_rank(differences: list[float]) -> float:
    """Return the two-sided p-value of the signed-rank test (Wilcoxon 1945), exactly.

    Zeros are dropped and ties share their mean rank. With n pairs p is at least 2 / 2**n; without
    any difference it is 1.
    """
    values = sorted((d for d in differences if d != 0), key=abs)
    if not values:
        return 1.0
    doubled: list[int] = []
    while len(doubled) < len(values):
        first = len(doubled)
        same = sum(1 for d in values if abs(d) == abs(values[first]))
        doubled += [2 * first + same + 1] * same
    # counts[s]: how many of the 2**n sign patterns give the positive ranks the (doubled) sum s.
    counts = [1] + [0] * sum(doubled)
    for rank in doubled:
        for total in range(len(counts) - 1, rank - 1, -1):
            counts[total] += counts[total - rank]
    positive = sum(rank for rank, d in zip(doubled, values, strict=True) if d > 0)
    least = min(positive, sum(doubled) - positive)
    extreme: int = sum(counts[: least + 1])
    return min(1.0, extreme / 2.0 ** (len(values) - 1))


def compare_variations(
    results: list[dict[str, Any]], metrics: tuple[str, ...] = ("time_to_target_sec", "best_val_ppl")
) -> dict[str, Any]:
    """Compare each variation with the baseline, seed by seed, on metrics where lower is better.

    The baseline is the run whose id holds "baseline", else the first. A seed in which either run
    never reached its target is no pair; `pairs` says how many there are.
    """
    searched = [result for result in results if "replicates" in result]
    named = [result for result in searched if "baseline" in result["run_id"]]
    if len(searched) < 2:
        return {}
    baseline = (named or searched)[0]
    others = [result for result in searched if result is not baseline]
    report: dict[str, Any] = {"baseline": baseline["run_id"], "bonferroni_m": len(others)}
    for metric in metrics:
        before = {r["seed"]: r.get(metric) for r in baseline["replicates"]}
        report[metric] = {
            other["run_id"]: compare_pairs(before, other["replicates"], metric, len(others))
            for other in others
        }
    return report


def compare_pairs(
    before: dict[int, Any], replicates: list[dict[str, Any]], metric: str, comparisons: int
) -> dict[str, Any]:
    """Return pairs, median relative reduction, and p-values before and after Bonferroni."""
    after = {r["seed"]: r.get(metric) for r in replicates}
    seeds = [s for s in before if before[s] is not None and after.get(s) is not None]
    if not seeds:
        return {"pairs": 0}
    p_value = wilcoxon_signed_rank([before[seed] - after[seed] for seed in seeds])
    reductions = [1 - after[seed] / before[seed] for seed in seeds if before[seed]]
    return {
        "pairs": len(seeds),
        "median_reduction": statistics.median(reductions) if reductions else 0.0,
        "p_value": p_value,
        "p_value_bonferroni": min(1.0, comparisons * p_value),
    }
