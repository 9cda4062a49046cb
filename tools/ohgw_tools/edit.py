"""Edit: one small change to one file. Data only: `ohgw_tools.editing.patch` applies them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, JsonValue

from ohgw_tools.frozen import FROZEN

KeyPath = Annotated[tuple[str | int, ...], Field(min_length=1)]


class ReplaceText(BaseModel):
    """Replace `search`, which must stand exactly once in the file, by `replace`. A search that ends
    in a line break means whole lines; any other means whole words.
    """

    model_config = FROZEN

    op: Literal["replace-text"] = "replace-text"
    path: str
    search: str
    replace: str


class ReplaceDefinition(BaseModel):
    """Replace the function or class `name` (dotted for members) by `code`, its own new source."""

    model_config = FROZEN

    op: Literal["replace-definition"] = "replace-definition"
    path: str
    name: str
    code: str


class InsertDefinition(BaseModel):
    """Insert the statements in `code` after or before the definition `anchor`, or, with no anchor,
    at the end of the module (before an `if __name__ == "__main__"` block).
    """

    model_config = FROZEN

    op: Literal["insert-definition"] = "insert-definition"
    path: str
    code: str
    anchor: str | None = None
    where: Literal["after", "before"] = "after"


class RemoveDefinition(BaseModel):
    """Remove the function or class `name` (dotted for members)."""

    model_config = FROZEN

    op: Literal["remove-definition"] = "remove-definition"
    path: str
    name: str


class AddImport(BaseModel):
    """Add an import statement, one line, beside the module's other imports."""

    model_config = FROZEN

    op: Literal["add-import"] = "add-import"
    path: str
    statement: str


class SetKey(BaseModel):
    """Set the value at a key path of a YAML or TOML file (chosen by its ending); keep the rest."""

    model_config = FROZEN

    op: Literal["set-key"] = "set-key"
    path: str
    key: KeyPath
    value: JsonValue

    def __hash__(self) -> int:
        """Over the JSON form: a value may be a mapping or a list, which have no hash."""
        return hash(self.model_dump_json())


class RemoveKey(BaseModel):
    """Remove the value at a key path of a YAML or TOML file."""

    model_config = FROZEN

    op: Literal["remove-key"] = "remove-key"
    path: str
    key: KeyPath


class AppendItem(BaseModel):
    """Append `value` to the list at a key path of a YAML or TOML file."""

    model_config = FROZEN

    op: Literal["append-item"] = "append-item"
    path: str
    key: KeyPath
    value: JsonValue

    def __hash__(self) -> int:
        """Over the JSON form: a value may be a mapping or a list, which have no hash."""
        return hash(self.model_dump_json())


class WriteFile(BaseModel):
    """Write a whole file: a new one, or, with `over` set to the digest of what stands there now
    (SHA-256, hexadecimal), in its place. Chat models may only write new files.
    """

    model_config = FROZEN

    op: Literal["write-file"] = "write-file"
    path: str
    content: str
    over: str | None = None


Edit = Annotated[
    ReplaceText
    | ReplaceDefinition
    | InsertDefinition
    | RemoveDefinition
    | AddImport
    | SetKey
    | RemoveKey
    | AppendItem
    | WriteFile,
    Field(discriminator="op"),
]


class Patch(BaseModel):
    """Edits that apply together or not at all, and the findings (fingerprints) that they answer.

    `origin` names who made it: `recipe:<name>`, `chat:<model>`, `scripted`.
    """

    model_config = FROZEN

    edits: tuple[Edit, ...] = Field(min_length=1)
    answers: tuple[str, ...] = ()
    note: str = ""
    origin: str = ""
