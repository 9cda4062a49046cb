"""`ohgw-agent batch`: many bundles on one machine, or on a cluster."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohgw_agent.cli import batch_options, model_options, options, telemetry_options
from ohgw_agent.cli.commands.fix import check_output

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
    batch_options.add_limits(parser)
    batch_options.add_engine(parser)
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
    from ohgw_agent.cli.batch_progress import BatchProgress
    from ohgw_tools.errors import InputError

    plan = batch_options.plan_of(arguments)
    if arguments.page is not None:
        check_output(arguments.page)
    found = list(places(arguments.bundles, arguments.listing))
    if not found:
        raise InputError("no bundles: name some, or give --from LIST")
    shard = arguments.shard
    if shard is not None:
        found = found[shard[0] - 1 :: shard[1]]
    results = arguments.results or batch_options.default_results(arguments.runs_dir, shard)
    progress = BatchProgress(quiet=arguments.quiet)
    summary, rows = run_batch(plan, found, results, progress=progress)
    if arguments.page is not None:
        page = overview.page(summary, rows, arguments.runs_dir, arguments.page.parent)
        arguments.page.write_text(page, encoding="utf-8")
    if arguments.json:
        facts = {**summary.model_dump(), "exit_code": summary.exit_code, "results": str(results)}
        print(json.dumps(facts))
    else:
        print(overview.table(summary))
        print(f"results: {results}")
    return summary.exit_code
