"""Project file and YAML of a bundle, and the filling in of source templates."""

from __future__ import annotations

from typing import Any

import yaml
from kind import Kind

PINS = {"matplotlib": ">=3.8", "numpy": ">=1.26", "pyyaml": ">=6.0", "torch": ">=2.2"}


def pyproject(kind: Kind, base: bool) -> str:
    """Return a PEP 621 project file."""
    names = ["matplotlib", "numpy", "pyyaml"] if base else kind.libraries
    lines = "".join(f'    "{n}{PINS[n]}",\n' for n in names)
    return (
        "[build-system]\n"
        'requires = ["setuptools>=61"]\n'
        'build-backend = "setuptools.build_meta"\n\n'
        "[project]\n"
        f'name = "{kind.name.replace("_", "-")}-experiment"\n'
        'version = "0.1.0"\n'
        'requires-python = ">=3.10"\n'
        f"dependencies = [\n{lines}]\n"
    )


def dump(data: Any, comment: str) -> str:
    """Return YAML as a person would write it."""
    return f"# {comment}\n" + yaml.safe_dump(data, sort_keys=False)


def fill(template: str, **parts: str) -> str:
    """Replace each `@@name@@`."""
    for name, text in parts.items():
        template = template.replace(f"@@{name}@@", text.strip("\n"))
    assert "@@" not in template, template[template.index("@@") :][:40]
    return template.lstrip("\n")
