"""Pages on methods and data that experiments name, for a model or a person who repairs by hand.

Each page starts with front matter: `names`, the words that call for it, and `sources`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

import yaml
from pydantic import BaseModel, Field

from ohgw_tools.frozen import FROZEN


class Page(BaseModel):
    """One page: its title, the words that call for it (regular expressions), and its Markdown."""

    model_config = FROZEN

    title: str
    names: tuple[str, ...] = Field(min_length=1)
    sources: tuple[str, ...] = Field(min_length=1)
    text: str


@lru_cache(maxsize=1)
def pages() -> tuple[Page, ...]:
    """Return every page, in order of titles."""
    folder = resources.files("ohgw_tools") / "knowledge"
    found = []
    for place in folder.iterdir():
        if place.name.endswith(".md"):
            _, head, text = place.read_text(encoding="utf-8").split("---\n", 2)
            title = text.strip().splitlines()[0].lstrip("# ")
            found.append(Page(title=title, text=text.strip(), **yaml.safe_load(head)))
    return tuple(sorted(found, key=lambda page: page.title))


def pages_for(text: str) -> tuple[Page, ...]:
    """Return the pages that `text` (a description, a verdict) calls for by name."""
    return tuple(
        page
        for page in pages()
        if any(
            re.search(rf"(?<![A-Za-z0-9])(?:{n})(?![A-Za-z0-9])", text, re.I) for n in page.names
        )
    )
