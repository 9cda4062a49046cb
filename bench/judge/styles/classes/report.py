"""The report: the source of src/evaluate.py."""

EVALUATE = '''
"""Aggregation of all runs."""
from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Dict, List

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


class Report:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.results: List[Dict[str, Any]] = [
            json.loads(path.read_text()) for path in sorted(root.glob("*/results.json"))
        ]

    def table(self) -> Dict[str, float]:
        return {r["run_id"]: r["@@metric@@"] for r in self.results}

    def draw(self) -> None:
        (self.root / "images").mkdir(exist_ok=True)
        figure, axis = plt.subplots()
        for result in self.results:
            axis.plot([r["@@metric@@"] for r in result["records"]], label=result["run_id"])
            axis.annotate(f"{result['best']:.3f}", (0, result["best"]))
        axis.legend()
        figure.savefig(self.root / "images" / "all_runs.pdf")
        plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    args = parser.parse_args()
    report = Report(args.root)
    if not report.results:
        raise SystemExit("nothing to evaluate")
    report.draw()
    print(json.dumps(report.table(), indent=2))


if __name__ == "__main__":
    main()
'''
