"""`ohgw-agent resume`: go on with a run that was cut off."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohgw_agent.cli import options, telemetry_options
from ohgw_agent.cli.commands import fix

HELP = "go on with a run from its record; nothing on record is run or asked again"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run_id", metavar="RUN", help="a run's id, or enough of its beginning")
    parser.add_argument("-o", "--output", type=Path, help="where to write the best bundle")
    parser.add_argument(
        "--force", action="store_true", help="go on although rules or version differ; recorded"
    )
    parser.add_argument(
        "--base-url",
        action="append",
        default=[],
        metavar="URL",
        help="a model server of the record that may be sent the key; needed unless it is on this "
        "machine or in $OPENAI_BASE_URL",
    )
    fix.add_output(parser)
    telemetry_options.add_telemetry(parser)
    options.add_runs_dir(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from ohgw_agent.budget import Budget
    from ohgw_agent.cli.display import display
    from ohgw_agent.cli.stopping import stopping
    from ohgw_agent.repair import resume

    fix.check_output(arguments.output)
    otel = telemetry_options.of(arguments)
    with display(Budget(), quiet=arguments.quiet) as watch, stopping() as cancel:
        trace = resume(
            arguments.run_id,
            runs_dir=arguments.runs_dir,
            force=arguments.force,
            watch=watch,
            cancel=cancel,
            servers=arguments.base_url,
            otel=otel,
        )
    return fix.report(trace, arguments)
