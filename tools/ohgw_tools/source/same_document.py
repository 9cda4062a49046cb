"""Whether two files say the same, layout and comments aside."""

from __future__ import annotations

import ast

from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.toml_file import TomlFile
from ohgw_tools.source.yaml_file import YamlFile

File = PythonFile | YamlFile | TomlFile


def same_document(one: File | None, other: File | None) -> bool:
    """Return whether two files hold the same program or data; False where one does not parse and
    their texts differ.
    """
    if one is None or other is None or type(one) is not type(other):
        return False
    if one.text.strip() == other.text.strip():
        return True
    if isinstance(one, PythonFile) and isinstance(other, PythonFile):
        if one.tree is None or other.tree is None:
            return False
        return one.derive(_dump) == other.derive(_dump)
    if one.error or other.error:
        return False
    return bool(one.data == other.data)  # type: ignore[union-attr]


def _dump(file: PythonFile) -> str:
    return ast.dump(file.tree) if file.tree else ""
