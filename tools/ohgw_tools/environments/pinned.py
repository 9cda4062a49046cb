"""Holding an installation to a lock's versions and hashes."""

from __future__ import annotations

import json
from pathlib import Path

from packaging.utils import canonicalize_name

from ohgw_tools.environments.lock_file import Pin
from ohgw_tools.errors import EnvironmentUnavailable, HashMismatch

# uv does not read pip's configuration, where a local index of CPU builds is usually named.
TORCH_FAMILY = frozenset({"torch", "torchvision", "torchaudio"})


def hashed(pins: tuple[Pin, ...]) -> dict[str, Pin]:
    """The pins, by name, whose files must have one of their hashes: all that have any but torch's
    and its companions', of which another build of the same version may be taken.
    """
    return {pin.name: pin for pin in pins if pin.hashes and pin.name not in TORCH_FAMILY}


def constraint_lines(pins: tuple[Pin, ...], *, with_hashes: bool) -> tuple[str, ...]:
    """Constraints for an installer. uv holds to hashes there; pip does not, see `check_report`."""
    checked = hashed(pins) if with_hashes else {}
    return tuple(
        " ".join((pin.line, *(f"--hash={h}" for h in pin.hashes if pin.name in checked)))
        for pin in pins
    )


def check_report(report: Path, pins: tuple[Pin, ...]) -> None:
    """Hold what pip installed, by its report (`--report`), against the lock.

    Raises HashMismatch for a file that is not one of the lock's, EnvironmentUnavailable for a
    report that cannot be read. No code of a package has run by then.
    """
    checked = hashed(pins)
    try:
        installed = json.loads(report.read_text(encoding="utf-8"))["install"]
        found = {
            canonicalize_name(item["metadata"]["name"]): item["download_info"]["archive_info"]
            for item in installed
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EnvironmentUnavailable(
            f"pip's report of what it installed cannot be read ({error})", "Update pip, or use uv"
        ) from error
    for name in found.keys() & checked.keys():
        digest = f"sha256:{found[name].get('hashes', {}).get('sha256', '')}"
        if digest not in checked[name].hashes:
            raise HashMismatch(
                checked[name].line, f"the registry's file is none of the lock's: it has {digest}"
            )
