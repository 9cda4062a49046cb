"""Template: a prompt as a Markdown file with named places; filled in strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

_PLACE = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Template:
    """A prompt's text. A place is written `{{name}}`; everything else stands as it is."""

    name: str
    text: str

    @staticmethod
    def load(name: str) -> Template:
        """Read the template `name`, without its ending. Raises ValueError if there is none."""
        if not _NAME.fullmatch(name) or name not in names():
            raise ValueError(f"no prompt {name!r}: there are {', '.join(names())}")
        file = resources.files("ohgw_prompts") / f"{name}.md"
        return Template(name, file.read_text(encoding="utf-8"))

    @property
    def places(self) -> frozenset[str]:
        """The names that must be given to `fill`."""
        return frozenset(_PLACE.findall(self.text))

    def fill(self, **values: str) -> str:
        """Return the text with every place filled in, in one pass: braces inside a value are never
        read as a place. Raises ValueError if a place lacks its value or a value its place.
        """
        missing, unknown = self.places - values.keys(), values.keys() - self.places
        if missing or unknown:
            faults = [f"no value for {n!r}" for n in sorted(missing)]
            faults += [f"no place for {n!r}" for n in sorted(unknown)]
            raise ValueError(f"prompt {self.name!r}: {', '.join(faults)}")
        return _PLACE.sub(lambda place: values[place[1]], self.text)


def names() -> tuple[str, ...]:
    """Return the names of all templates, sorted."""
    files = resources.files("ohgw_prompts").iterdir()
    return tuple(sorted(f.name[:-3] for f in files if f.name.endswith(".md")))
