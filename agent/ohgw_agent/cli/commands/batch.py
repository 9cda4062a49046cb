"""`ohgw-agent batch`: many bundles on one machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ohgw_agent.cli import model_options, options, telemetry_options

if TYPE_CHECKING:
    from ohgw_agent.batch.item import BatchPlan

HELP = "repair many bundles, several at a time; run again, it goes on where it stopped"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("bundles", nargs="*", metavar="BUNDLE")
    parser.add_argument("--from", dest="listing", type=Path, metavar="LIST", help="paths, or JSONL")
    parser.add_argument("--results", type=Path, help="default: batch.jsonl beside the records")
    parser.add_argument(
        "--judge-only", action="store_true", help="judge statically, repair nothing"
    )
    parser.add_argument("--html", dest="page", type=Path, help="write one HTML page that links all")
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress on stderr")
    parser.set_defaults(label="")
    limits = parser.add_argument_group("how many at once")
    limits.add_argument("-j", "--jobs", type=int, default=0, help="default: four for each core")
    limits.add_argument("--judging", type=int, default=0, help="default: one for each core")
    limits.add_argument("--sandboxes", type=int, default=0, help="default: one for each core")
    limits.add_argument("--model-calls", type=int, default=8)
    limits.add_argument("--requests-per-minute", type=int)
    limits.add_argument("--tokens-per-minute", type=int)
    limits.add_argument("--batch-tokens", type=int, help="cap on the whole batch")
    limits.add_argument("--batch-usd", type=float, help="cap on the whole batch")
    limits.add_argument("--memory", type=int, default=4096, metavar="MIB", help="for each worker")
    limits.add_argument("--tries", type=int, default=2, help="of a bundle whose worker dies")
    limits.add_argument("--grace", type=float, default=60, metavar="SECONDS")
    options.add_runs_dir(parser)
    options.add_judging(parser)
    model_options.add_model(parser)
    options.add_budget(parser)
    telemetry_options.add_telemetry(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    import json

    from ohgw_agent.batch import overview
    from ohgw_agent.batch.batch import run_batch
    from ohgw_agent.batch.item import places
    from ohgw_tools.errors import InputError

    plan = _plan(arguments)
    found = list(places(arguments.bundles, arguments.listing))
    if not found:
        raise InputError("no bundles: name some, or give --from LIST")
    results = arguments.results or arguments.runs_dir / "batch.jsonl"
    shown = _Shown(len(found), quiet=arguments.quiet)
    summary = run_batch(plan, found, results, progress=shown)
    rows = [r for r in _rows(results) if r["configuration"] == plan.configuration]
    if arguments.page is not None:
        page = overview.page(summary, rows, arguments.page.parent)
        arguments.page.write_text(page, encoding="utf-8")
    if arguments.json:
        facts = {**summary.model_dump(), "exit_code": summary.exit_code, "results": str(results)}
        print(json.dumps(facts))
    else:
        print(overview.table(summary, rows))
        print(f"results: {results}")
    return summary.exit_code


def _plan(arguments: argparse.Namespace) -> BatchPlan:
    import os

    from pydantic import ValidationError

    from ohgw_agent.batch.item import BatchPlan
    from ohgw_tools.errors import InputError

    cores = len(os.sched_getaffinity(0))
    try:
        return BatchPlan(
            settings=options.settings_of(arguments),
            runs_dir=arguments.runs_dir,
            jobs=arguments.jobs or 4 * cores,
            judging=arguments.judging or cores,
            sandboxes=arguments.sandboxes or cores,
            model_calls=arguments.model_calls,
            requests_per_minute=arguments.requests_per_minute,
            tokens_per_minute=arguments.tokens_per_minute,
            tokens=arguments.batch_tokens,
            usd=arguments.batch_usd,
            memory_bytes=arguments.memory << 20,
            tries=arguments.tries,
            grace_seconds=arguments.grace,
            judge_only=arguments.judge_only,
            reports=arguments.page is not None,
        )
    except ValidationError as error:
        raise InputError(
            "; ".join(f"{e['loc'][-1]}: {e['msg']}" for e in error.errors())
        ) from error


def _rows(results: Path) -> list[dict[str, Any]]:
    """Return the last row of each bundle."""
    import json

    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for line in results.read_bytes().splitlines():
        row = json.loads(line)
        rows[(row["digest"], row["configuration"])] = row
    return list(rows.values())


class _Shown:
    """Progress on stderr: throughput, the end in sight, spend."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        import time

        self._total = total
        self._quiet = quiet
        self._began = time.monotonic()
        self._done = 0
        self._tokens = 0
        self._last = 0.0

    def __call__(self, row: dict[str, Any], left: int) -> None:
        import time

        self._done += 1
        spend = row.get("spend") or {}
        self._tokens += int(spend.get("input_tokens", 0)) + int(spend.get("output_tokens", 0))
        now = time.monotonic()
        live = sys.stderr.isatty()
        if self._quiet or (now - self._last < (0.2 if live else 5.0) and left):
            return
        self._last = now
        rate = self._done / max(now - self._began, 1e-9)
        text = (
            f"{self._done} done, {left} left, {rate:.1f}/s, about {left / rate:.0f} s to go, "
            f"{self._tokens} tokens"
        )
        end = "\r" if live and left else "\n"
        print(f"{text:78}", end=end, file=sys.stderr, flush=True)
