"""EditPath: the file of a tree that an edit means, slips in its path repaired."""

from __future__ import annotations

import re

from ohgw_tools.bundles.bundle_path import fault_of, path_of
from ohgw_tools.editing.refusal import refused
from ohgw_tools.errors import BundleError, PatchRejected
from ohgw_tools.tree import Tree

_WRAPPING = "`'\"*<> \t"
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*_(py|ya?ml|toml|json|md|txt|cfg|ini)")


def existing(path: str, tree: Tree) -> str:
    """Return the path in `tree` that `path` stands for. A prefix (`./`, `a/`, `/work/x/`), other
    slashes, a bundle's key (`train_py`) or a bare file name are understood where one file fits.

    Raises PatchRejected: outside-bundle, missing-file, ambiguous.
    """
    if path in tree:
        return path
    wanted = _plain(path)
    if wanted in tree:
        return wanted
    fits = [p for p in tree if p.endswith(f"/{wanted}") or wanted.endswith(f"/{p}")]
    if len(fits) > 1:
        names = ", ".join(fits)
        raise refused("ambiguous", f"{path!r} may be {names}; send the whole path", path)
    # A climb such as `../../src/train.py` is refused even where the tail fits a file.
    if ".." in wanted.split("/"):
        raise _outside(path, "it has a `..` part")
    if fits:
        return fits[0]
    fault = fault_of(wanted)
    if fault:
        raise _outside(path, fault)
    raise refused("missing-file", f"there is no {path!r}; the files are: {', '.join(tree)}", path)


def new(path: str, tree: Tree) -> str:
    """Return the path for a new file. Raises PatchRejected: outside-bundle, file-exists."""
    wanted = _plain(path)
    fault = fault_of(wanted)
    if fault:
        raise _outside(path, fault)
    folded = wanted.casefold()
    for present in tree:
        other = present.casefold()
        if other == folded or folded.startswith(f"{other}/") or other.startswith(f"{folded}/"):
            advice = "edit it with SEARCH/REPLACE or definition blocks"
            raise refused("file-exists", f"{present!r} stands there already; {advice}", path)
    return wanted


def _plain(path: str) -> str:
    text = path.strip(_WRAPPING).rstrip(":").strip(_WRAPPING).replace("\\", "/")
    while text.startswith("./"):
        text = text[2:]
    if _KEY.fullmatch(text):
        try:
            return path_of(text)
        except BundleError:
            return text
    return text


def _outside(path: str, fault: str) -> PatchRejected:
    return refused("outside-bundle", f"{path!r}: {fault}; name a file of the bundle", path)
