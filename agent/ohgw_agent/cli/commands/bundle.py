"""`ohgw-agent bundle`: import, pack and unpack bundles."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "import, pack or unpack a bundle"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(metavar="ACTION", required=True, dest="action")
    importing = actions.add_parser("import", help="read a logged validation as a bundle")
    importing.add_argument("document", type=Path)
    importing.add_argument("-o", "--output", type=Path, required=True)
    packing = actions.add_parser("pack", help="make a bundle of two folders")
    packing.add_argument("base", type=Path)
    packing.add_argument("derived", type=Path)
    packing.add_argument(
        "--experiment", type=Path, required=True, help="YAML: id, description, run_variations"
    )
    packing.add_argument("-o", "--output", type=Path, default=Path("bundle.json"))
    unpacking = actions.add_parser("unpack", help="write a bundle as a folder")
    unpacking.add_argument("bundle")
    unpacking.add_argument("folder", type=Path)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    if arguments.action == "unpack":
        from ohgw_tools.bundles.bundle_file import load
        from ohgw_tools.bundles.bundle_folder import unpack

        unpack(load(arguments.bundle), arguments.folder)
        print(arguments.folder)
        return 0
    return _make(arguments)


def _make(arguments: argparse.Namespace) -> int:
    from ohgw_agent.cli.commands.fix import check_output
    from ohgw_tools.bundles.bundle_file import MAX_BUNDLE_BYTES, read_text, save

    check_output(arguments.output)
    if arguments.action == "import":
        from ohgw_tools.bundles.seed_document import read_document

        bundle = read_document(read_text(arguments.document, MAX_BUNDLE_BYTES * 2))
    else:
        from ohgw_tools.bundles.bundle_folder import pack

        bundle = pack(arguments.base, arguments.derived, arguments.experiment)
    save(bundle, arguments.output)
    print(arguments.output)
    return 0
