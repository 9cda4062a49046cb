"""`ohgw-agent schema`: the JSON Schema of everything that is read or written."""

from __future__ import annotations

import argparse

HELP = "print a JSON Schema: bundle, contract, finding, verdict, patch, settings, event ..."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("name", nargs="?", help="without a name, all names are listed")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    import json

    from ohgw_agent.schemas import names, schema

    if arguments.name is None:
        print("\n".join(names()))
    else:
        print(json.dumps(schema(arguments.name), indent=2))
    return 0
