"""`ohgw-agent rule`: the page of a rule or property, or the list of all."""

from __future__ import annotations

import argparse

HELP = "print the page of a rule or property, or list them all"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("name", nargs="?", help="its name; without one, all are listed")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from ohgw_tools.property import all_properties
    from ohgw_tools.rule import all_rules, page
    from ohgw_tools.running.run_finding import RULES

    if arguments.name:
        print(page(arguments.name))
        return 0
    listed = [(rule.NAME, rule.SEVERITY, rule.SUMMARY) for rule in all_rules()]
    listed += [(each.NAME, each.SEVERITY, each.SUMMARY) for each in all_properties()]
    listed += [(name, found.severity, found.summary) for name, found in RULES.items()]
    for name, severity, summary in listed:
        print(f"{name:32} {severity:8} {summary}")
    return 0
