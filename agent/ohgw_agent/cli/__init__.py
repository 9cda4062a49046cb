"""The command line: arguments -> library calls -> lines and an exit status.

Each module of `commands` is one command: `HELP`, `configure(parser)`, `run(arguments)`. Importing
one does no work; libraries are imported when it runs.

Exit codes: 0 ready (or done), 1 not ready, 2 bad input, 3 undecided, 4 budget spent or stuck,
5 could not run, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import pkgutil
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import NoReturn

EXIT_CODES = """\
exit codes:
  0  ready, or done        3  undecided: could not look
  1  not ready             4  budget spent, or stuck
  2  bad input             5  could not run (model, sandbox or record failed)
  130  interrupted; `ohgw-agent resume` goes on"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    from ohgw_tools.errors import OhgwError

    _terminate_as_interrupt()
    # A plugin would see all that is read here and could send it on; to look for one takes a while.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        words = sys.argv[1:] if argv is None else argv
        arguments = _parser(words[0] if words else "").parse_args(words)
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except OhgwError as error:
        from ohgw_agent.cli.discretion import discreet
        from ohgw_agent.cli.terminal import harmless

        print(f"ohgw-agent: {harmless(discreet(str(error)), lines=True)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("ohgw-agent: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; a traceback at exit would help nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 5
    except OSError as error:
        # A file of the caller's that cannot be read or written: what the system says is the answer.
        from ohgw_agent.cli.terminal import harmless

        print(f"ohgw-agent: {harmless(str(error))}", file=sys.stderr)
        return 5
    return code


def _parser(wanted: str) -> argparse.ArgumentParser:
    """Read all commands, or the `wanted` one alone if there is one of that name: to read the others
    takes longer than many a command.
    """
    from ohgw_agent.cli import commands

    parser = argparse.ArgumentParser(
        prog="ohgw-agent",
        description="Judges research experiment bundles on evidence and repairs them until ready.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version)
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    names = sorted(m.name for m in pkgutil.iter_modules(commands.__path__))
    for found in [wanted] if wanted in names else names:
        command = import_module(f"{commands.__name__}.{found}")
        child = subparsers.add_parser(found, help=command.HELP, description=command.HELP)
        command.configure(child)
        child.set_defaults(run=command.run)
    return parser


class _Version(argparse.Action):
    """Prints the version. Reading it costs time, so it is read when asked for alone."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print(f"ohgw-agent {version('ohgw-agent')}")
        parser.exit()


def _terminate_as_interrupt() -> None:
    """Let SIGTERM end a run as Ctrl-C does: containers stop with SIGTERM."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
