"""Discretion: secrets taken out of what is printed."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ohgw_agent.trace.redaction import Redactor
    from ohgw_tools.tree import Tree


def discreet(text: str) -> str:
    """Return `text` as it may be shown: without the environment's secrets and without tokens.

    Bundles are hostile and findings quote them: terminals are logged, and logs are passed on.
    """
    from ohgw_agent.trace.redaction import is_secret

    return _redactor(tuple((n, v) for n, v in os.environ.items() if is_secret(n, v))).text(text)


def discreet_tree(tree: Tree) -> Tree:
    """Return `tree` with the text of each file as it may be shown."""
    from ohgw_tools.tree import Tree

    return Tree({path: discreet(text) for path, text in tree.items()})


@lru_cache(maxsize=4)
def _redactor(secrets: tuple[tuple[str, str], ...]) -> Redactor:
    """One for the process, so that the same secret has the same number in all that it prints."""
    from ohgw_agent.trace.redaction import Redactor

    return Redactor(dict(secrets))
