"""`ohgw-agent blame`: who wrote a line, in answer to which finding, on what evidence."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ohgw_agent.cli import options

if TYPE_CHECKING:
    from ohgw_agent.trace.history import History

HELP = "say of each line of the delivered code who wrote it, and why"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run_id", metavar="RUN", help="a run's id, part of it, `last`, or a path")
    parser.add_argument("place", metavar="FILE[:LINE]", help="a file, or one line of it in full")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options.add_runs_dir(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    import json

    from ohgw_agent.cli import blame_lines
    from ohgw_agent.trace.blame import account, blame
    from ohgw_agent.trace.history import History
    from ohgw_agent.trace.reader import Reader, find_run
    from ohgw_tools.errors import InputError

    history = History(Reader(find_run(arguments.runs_dir, arguments.run_id)))
    path, number = place_of(history, arguments.place)
    lines = blame(history, path)
    if number is not None:
        if not 1 <= number <= len(lines):
            raise InputError(f"{path} has lines 1 to {len(lines)}, no {number}")
        lines = lines[number - 1 : number]
    accounts = [account(history, path, line) for line in lines]
    if arguments.json:
        rows = [blame_lines.as_json(found) for found in accounts]
        print(json.dumps({"run": history.id, "file": path, "lines": rows}, indent=1))
    elif number is None:
        print("\n".join(blame_lines.gutter(accounts)))
    else:
        print("\n".join(blame_lines.in_full(history, path, accounts[0])))
    return 0


def place_of(history: History, place: str) -> tuple[str, int | None]:
    """Return the file and the line that `place` means. A file whose name ends in a number after a
    colon is meant as it is.
    """
    files = history.reader.manifest(history.final_tree)
    path, colon, line = place.rpartition(":")
    if place in files or not colon or not line.isascii() or not line.isdigit():
        return place, None
    return path, int(line)
