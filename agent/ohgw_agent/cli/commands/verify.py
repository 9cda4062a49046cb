"""`ohgw-agent verify`: is a record whole and unaltered, and how far can that be said."""

from __future__ import annotations

import argparse

from ohgw_agent.cli import options

HELP = "check that a record is whole and unaltered: consistent, sealed or anchored"

EPILOG = """\
levels, each includes the one before:
  consistent  lines and contents fit together: no accident, no simple edit          exit code 3
  sealed      and nothing was cut off: the seals in run.json and index.jsonl agree  exit code 0
  anchored    and the head is the one that you kept elsewhere (--expect-head)       exit code 0
  damaged     something was altered, cut off or lost                                exit code 1
What the program never recorded no check can show."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("run_id", metavar="RUN", nargs="?", help="id, part of it, `last` or a path")
    parser.add_argument("--all", action="store_true", help="every run, and runs that are gone")
    parser.add_argument("--expect-head", metavar="H", help="the head that was printed at the end")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options.add_runs_dir(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    import dataclasses
    import json

    from ohgw_agent.trace.reader import find_run
    from ohgw_agent.trace.verification import verify, verify_all
    from ohgw_tools.errors import InputError

    faults: list[str] = []
    if arguments.all:
        if arguments.run_id or arguments.expect_head:
            raise InputError("--all checks every run: give it without RUN and --expect-head")
        if not arguments.runs_dir.is_dir():
            raise InputError(f"no folder {arguments.runs_dir}: give --runs-dir")
        results, faults = verify_all(arguments.runs_dir)
    elif arguments.run_id:
        folder = find_run(arguments.runs_dir, arguments.run_id)
        results = [verify(folder, arguments.expect_head)]
    else:
        raise InputError("say which RUN, or --all")
    if arguments.json:
        found = [dataclasses.asdict(result) for result in results]
        print(json.dumps({"runs": found, "problems": faults}, indent=1))
    else:
        from ohgw_agent.cli.terminal import harmless

        shown = [line for result in results for line in lines(result)]
        print("\n".join([*shown, *map(harmless, faults)]))
    codes = {result.exit_code for result in results} | ({1} if faults else set())
    return 1 if 1 in codes else max(codes, default=0)


def lines(result: object) -> list[str]:
    """Return a verification for people."""
    from ohgw_agent.cli.terminal import harmless
    from ohgw_agent.trace.verification import Verification

    assert isinstance(result, Verification)
    gone = f", {result.tombstones} removed with a tombstone" if result.tombstones else ""
    shown = [
        f"{result.level.upper()}  {harmless(result.run)}",
        f"  {result.events} events, {result.blobs} contents{gone}",
        f"  head {result.head}",
    ]
    shown += [f"  problem: {harmless(problem)}" for problem in result.problems]
    return shown + [f"  note: {harmless(note)}" for note in result.notes]
