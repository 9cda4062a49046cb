"""`ohgw-agent mcp`: the tools for coding agents, over standard input and output."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohgw_agent.cli import model_options, options

HELP = "serve validate, fix, explain and the records to coding agents (MCP over stdio)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--root",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="bundles are read, and repaired ones written, below this folder alone; may be given"
        " more than once (default: the current folder)",
    )
    parser.add_argument("--read-only", action="store_true", help="offer no tool that writes")
    parser.add_argument(
        "--jobs", type=int, default=2, metavar="N", help="judgements and repairs at a time"
    )
    parser.set_defaults(label="mcp")
    options.add_runs_dir(parser)
    options.add_judging(parser)
    model_options.add_model(parser)
    options.add_budget(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from ohgw_agent.mcp_server.folders import Folders
    from ohgw_tools.contract import Contract
    from ohgw_tools.errors import InputError

    if arguments.jobs < 1:
        raise InputError("--jobs: give 1 or more")
    settings = options.settings_of(arguments)
    if settings.contract_text is None:
        Contract.load(settings.contract)  # a wrong name is said now, not at the first call
    folders = Folders.of(tuple(arguments.root) or (Path.cwd(),), arguments.runs_dir)
    try:
        from ohgw_agent.mcp_server.server import serve
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("mcp"):
            raise
        raise InputError(
            "the server needs the package `mcp`, version 2 or later: pip install 'ohgw-agent[mcp]'"
        ) from error
    return serve(folders, settings, jobs=arguments.jobs, read_only=arguments.read_only)
