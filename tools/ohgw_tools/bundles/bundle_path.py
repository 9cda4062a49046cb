"""BundlePath: which names a file of a bundle may have, and the keys that stand for them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ohgw_tools.errors import BundleError

MAX_PATH_BYTES = 240
MAX_DEPTH = 12

# The eight keys of the original pipeline; any other `name_py` goes by the same pattern.
_FOLDERS = {"py": "src/", "yaml": "config/", "yml": "config/"}
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_]*)_(py|ya?ml|toml|json|md|txt|cfg|ini)")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
# Names that a tool on the reader's machine would act on when it opens the folder.
_ACTIVE = {".git", ".hg", ".svn", ".venv", "__pycache__", "site-packages"}
_ACTIVE_FILES = {"sitecustomize.py", "usercustomize.py", ".netrc", ".env", ".envrc"}


def path_of(key: str) -> str:
    """Return the path that a bundle's key stands for: `train_py` is `src/train.py`; a key with a
    dot or slash is a path already. Raises BundleError for anything that is no safe relative path.
    """
    match = _KEY.fullmatch(key)
    if match:
        stem, ending = match.groups()
        return f"{_FOLDERS.get(ending, '')}{stem}.{ending}"
    fault = fault_of(key)
    if fault:
        raise BundleError(
            key, fault, "Use a relative path such as src/train.py or a key such as train_py"
        )
    return key


def key_of(path: str) -> str:
    """Return the key that stands for `path`, or the path itself where no key does."""
    stem, dot, ending = path.rpartition("/")[2].rpartition(".")
    key = f"{stem}_{ending}"
    return key if dot and _KEY.fullmatch(key) and path_of(key) == path else path


def fault_of(path: str) -> str | None:
    """Say what makes `path` unsafe or not portable, or None."""
    if not path or len(path.encode(errors="replace")) > MAX_PATH_BYTES:
        return f"a path has 1 to {MAX_PATH_BYTES} bytes"
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in path):
        return "the path holds a NUL, a control character or an invisible one"
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
        return "the path is absolute"
    if set(path) & set('\\:*?"<>|'):
        return 'the path holds one of \\ : * ? " < > |'
    parts = path.split("/")
    if len(parts) > MAX_DEPTH:
        return f"the path is more than {MAX_DEPTH} levels deep"
    return next((fault for fault in map(_part_fault, parts) if fault), None)


def _part_fault(part: str) -> str | None:
    if part in ("", ".", ".."):
        return "the path has an empty, `.` or `..` part"
    if part.endswith((" ", ".")) or part.startswith(" "):
        return f"the name {part!r} begins or ends with a blank or ends with a dot"
    if part.casefold() in _ACTIVE or part.casefold() in _ACTIVE_FILES or _RESERVED.fullmatch(part):
        return f"the name {part!r} is reserved"
    return None


def check_together(paths: Iterable[str], where: str) -> None:
    """Raise BundleError if two paths would be one file on some file system, or one is a folder of
    another. `where` names the place in the input.
    """
    seen: dict[str, str] = {}
    for path in sorted(paths):
        folded = unicodedata.normalize("NFC", path).casefold()
        if folded in seen:
            both = f"{seen[folded]!r} and {path!r} differ only in case or in Unicode form"
            raise BundleError(where, both, "Rename one of them")
        seen[folded] = path
    for folded, path in seen.items():
        parent = folded.rpartition("/")[0]
        while parent:
            if parent in seen:
                problem = f"{seen[parent]!r} is a file, and also the folder of {path!r}"
                raise BundleError(where, problem, "Rename one of them")
            parent = parent.rpartition("/")[0]
