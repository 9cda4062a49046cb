"""`ohgw-agent fix`: repair a bundle until it is ready or there is a reason to stop."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohgw_agent.cli import model_options, options, telemetry_options

HELP = "repair a bundle until it is ready or a budget is spent"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("bundle", help="a bundle's JSON file, or a folder made by `bundle unpack`")
    parser.add_argument(
        "-o", "--output", type=Path, help="where to write the best bundle (default: in the record)"
    )
    parser.add_argument("--label", help="a name to find this run by")
    add_output(parser)
    options.add_runs_dir(parser)
    options.add_judging(parser)
    model_options.add_model(parser)
    options.add_budget(parser)
    telemetry_options.add_telemetry(parser)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add what says how the outcome is printed."""
    parser.add_argument("--format", choices=("text", "json", "seed"), default="text")
    parser.add_argument(
        "--json", dest="format", action="store_const", const="json", help="same as --format json"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress on stderr")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from ohgw_agent.cli.display import display
    from ohgw_agent.cli.stopping import stopping
    from ohgw_agent.repair import fix
    from ohgw_tools.bundles.bundle_file import load

    check_output(arguments.output)
    settings = options.settings_of(arguments)
    bundle = load(arguments.bundle)
    with display(settings.budget, quiet=arguments.quiet) as watch, stopping() as cancel:
        trace = fix(bundle, settings, runs_dir=arguments.runs_dir, watch=watch, cancel=cancel)
    return report(trace, arguments)


def check_output(output: Path | None) -> None:
    """Raise InputError now rather than after an hour if the output cannot be written."""
    from ohgw_tools.errors import InputError

    if output is not None and (output.is_dir() or not output.parent.is_dir()):
        raise InputError(f"--output {output}: give a file in a folder that exists")


def report(trace: object, arguments: argparse.Namespace) -> int:
    """Deliver the best bundle, print the outcome and return the exit code."""
    import json

    from ohgw_agent.cli import closing
    from ohgw_agent.cli.discretion import discreet
    from ohgw_agent.delivery import deliver
    from ohgw_agent.outcome import Trace
    from ohgw_tools.bundles.bundle_file import save

    assert isinstance(trace, Trace)
    output = arguments.output or deliver(trace)
    if arguments.output:
        save(trace.bundle, arguments.output)
    if arguments.format == "json":
        facts = closing.as_json(trace, str(output) if output else None)
        text = json.dumps(facts, ensure_ascii=False)
    elif arguments.format == "seed":
        text = closing.as_seed(trace)
    else:
        text = closing.as_text(trace, str(output) if output else None)
    print(discreet(text))
    return trace.exit_code
