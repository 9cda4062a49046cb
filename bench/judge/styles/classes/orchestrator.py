"""The orchestrator: the source of src/main.py."""

MAIN = '''
"""Experiment orchestrator."""
from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import yaml

LOGGER = logging.getLogger("main")
CONFIGS = {"smoke": "config/smoke_test.yaml", "full": "config/full_experiment.yaml"}


class Orchestrator:
    """Starts one process a run and keeps its two log files."""

    def __init__(self, config_path: Path, results_dir: Path) -> None:
        self.config_path = config_path
        self.results_dir = results_dir
        self.failures: List[str] = []

    def read(self) -> Dict[str, Any]:
        with self.config_path.open("r") as stream:
            return yaml.safe_load(stream) or {}

    def execute(self, run_id: str) -> None:
        folder = self.results_dir / run_id
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable, "-m", "src.train",
            f"--config={self.config_path}", "--run-id", run_id,
            "--output", str(self.results_dir), "--verbose",
        ]
        with open(folder / "stdout.log", "wb") as out, open(folder / "stderr.log", "wb") as err:
            completed = subprocess.run(command, stdout=out, stderr=err, check=False)
        if completed.returncode:
            self.failures.append(run_id)

    def run(self) -> int:
        for entry in self.read().get("runs", []):
            LOGGER.info("starting %s", entry["run_id"])
            self.execute(entry["run_id"])
        if self.failures:
            LOGGER.error("failed: %s", ", ".join(self.failures))
            return 1
        command = [sys.executable, "-m", "src.evaluate", str(self.results_dir)]
        return subprocess.run(command).returncode


def main(argv: List[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke-test", dest="mode", action="store_const", const="smoke")
    parser.add_argument("--full-experiment", dest="mode", action="store_const", const="full")
    parser.add_argument("--results-dir", type=Path, default=Path("results"))
    args = parser.parse_args(argv)
    if args.mode is None:
        parser.error("choose --smoke-test or --full-experiment")
    logging.basicConfig(level=logging.INFO)
    sys.exit(Orchestrator(Path(CONFIGS[args.mode]), args.results_dir).run())


if __name__ == "__main__":
    main()
'''
