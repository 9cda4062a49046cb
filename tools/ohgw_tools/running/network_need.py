"""NetworkNeed: whether a program failed because this sandbox lets it reach nothing."""

from __future__ import annotations

import re

from ohgw_tools.errors import CouldNotLook
from ohgw_tools.running.python_traceback import PythonTraceback
from ohgw_tools.running.run_outcome import root_tracebacks
from ohgw_tools.sandbox import Execution

_TYPES = frozenset(
    {
        "ConnectTimeout",
        "ConnectionError",
        "LocalEntryNotFoundError",
        "MaxRetryError",
        "NameResolutionError",
        "NewConnectionError",
        "OfflineModeIsEnabled",
        "gaierror",
    }
)
_WORDS = re.compile(
    r"offline mode|outgoing traffic has been disabled|name resolution|network is unreachable"
    r"|couldn't reach|couldn't connect to|HF_HUB_OFFLINE|is not cached locally|urlopen error",
    re.IGNORECASE,
)
_HOST = re.compile(r"https?://([A-Za-z0-9.-]{1,253})|host='([A-Za-z0-9.-]{1,253})'")


def network_needed(execution: Execution, allowed: tuple[str, ...]) -> CouldNotLook | None:
    """The error to raise if a failed program's first exception is that it could reach no host."""
    if execution.ok:
        return None
    for _, traceback in root_tracebacks(execution):
        for error in _chain(traceback):
            text = f"{error.short_type}: {error.message}"
            if error.short_type in _TYPES or _WORDS.search(text):
                return _error(text, allowed)
    return None


def _error(text: str, allowed: tuple[str, ...]) -> CouldNotLook:
    match = _HOST.search(text)
    host = (match[1] or match[2]) if match else "HOST"
    where = f"which reaches {', '.join(allowed)} alone" if allowed else "which reaches no host"
    return CouldNotLook(
        f"the program needs the network, {where}: {text.splitlines()[0][:300]}",
        f"Allow it with --allow-host {host}, or fetch the data beforehand (`ohgw-agent env fetch`) "
        "and show them with --data, or let the smoke test do without",
    )


def _chain(traceback: PythonTraceback) -> list[PythonTraceback]:
    found = [traceback]
    while found[-1].earlier is not None:
        found.append(found[-1].earlier)
    return found
