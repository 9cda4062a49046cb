"""`ohgw-agent env`: the cached environments that bundles run in."""

from __future__ import annotations

import argparse

HELP = "list or prune the cached environments that bundles run in"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(metavar="ACTION", required=True, dest="action")
    listing = actions.add_parser("ls", help="list environments, the one used last first")
    listing.add_argument("--json", action="store_true", help="one object on stdout")
    pruning = actions.add_parser("prune", help="remove environments that were not used lately")
    pruning.add_argument("--unused-days", type=float, default=30, metavar="DAYS")
    pruning.add_argument("--all", action="store_true", help="remove every environment")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    import json

    from ohgw_tools.environments.environment import list_environments, prune

    if arguments.action == "prune":
        facts = prune(unused_days=arguments.unused_days, everything=arguments.all)
        print(json.dumps(facts))
        return 0
    found = list_environments()
    if arguments.json:
        print(json.dumps({"environments": list(found)}))
        return 0
    for row in found:
        size = int(str(row["size_bytes"])) >> 20
        wanted = row.get("requirements")
        lines = ", ".join(map(str, wanted)) if isinstance(wanted, list) else ""
        print(f"{str(row['key'])[:16]}  {size:6} MiB  {lines}")
    return 0
