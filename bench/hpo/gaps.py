"""Which experiments recipes repair alone, and precisely what they leave to a model.

    python bench/hpo/gaps.py            # per bundle: errors before, recipes applied, what is left
    python bench/hpo/gaps.py --run      # and, of those repaired whole, smoke test and properties

The second needs PyTorch, transformers and datasets in this interpreter, and a sandbox.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "hpo"))

from gap_bundles import GAPS, Gap, made, needed
from test_cifar_repair import CONTRACT, repair

from ohgw_tools.bundle import Bundle
from ohgw_tools.check import check
from ohgw_tools.isolation.host_interpreter import host_interpreter
from ohgw_tools.running.smoke import run_stage
from ohgw_tools.sandbox_choice import choose


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", action="store_true")
    parser.add_argument("names", nargs="*", help="bundles; all without any")
    arguments = parser.parse_args()
    whole = 0
    chosen = [gap for gap in GAPS if not arguments.names or gap.name in arguments.names]
    for gap in chosen:
        repaired, names, errors = repair(made(gap))
        whole += not errors
        report(gap, names, errors)
        if arguments.run and not errors:
            run(repaired)
    print(f"{whole} of {len(chosen)} repaired whole by recipes alone")


def report(gap: Gap, names: list[str], errors) -> None:
    before = len(check(made(gap), CONTRACT).errors)
    print(f"{gap.name}: {gap.dataset}, {gap.model}, {' and '.join(gap.schedulers)}")
    print(f"  errors    {before} -> {len(errors)}")
    print(f"  recipes   {', '.join(names) or 'none'}")
    for rule, name in needed(errors):
        print(f"  a model   {rule} {name}")


def run(bundle: Bundle) -> None:
    verdict = run_stage(bundle, CONTRACT, choose("auto"), interpreter=host_interpreter())
    looked = verdict.facts.get("properties") or {}
    print(f"  run       {verdict.status} {verdict.reason}")
    print(f"  asked     {', '.join(looked.get('asked', ())) if isinstance(looked, dict) else ''}")
    for finding in verdict.errors:
        print(f"  finding   {finding.rule}: {finding.message}")
    print(f"  cost      {verdict.facts.get('wall_ms')} ms", flush=True)


if __name__ == "__main__":
    main()
