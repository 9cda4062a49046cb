"""Refusal: why one edit of a patch does not apply, in words that its author can act on."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from ohgw_tools.errors import PatchRejected
from ohgw_tools.frozen import FROZEN

RefusalCode = Literal[
    "unreadable",  # the answer, or a block of it, does not follow the format
    "cut-off",  # a block has no end: the answer was probably cut off
    "outside-bundle",  # a path that a bundle may not have
    "missing-file",  # no such file in the tree
    "file-exists",  # a new file where one stands already
    "stale-file",  # a whole file in place of another content than the one named
    "too-large",
    "no-match",  # the text to be replaced is not in the file
    "ambiguous",  # it is there more than once
    "no-change",  # the edit changes nothing
    "lazy-text",  # `...`, `rest unchanged` and the like, which would delete what they stand for
    "does-not-parse",
    "unknown-definition",
    "bad-code",  # the code given is not what this kind of edit takes
    "unknown-key",
    "yaml-changed-more",  # the change would reach further than the key path says
]


class Refusal(BaseModel):
    """Why one edit does not apply. `edit` counts from 0; None where there is no edit to blame, as
    in an answer that cannot be read. `message` says what stands in the file instead and what to
    send again.
    """

    model_config = FROZEN

    edit: int | None = None
    path: str | None = None
    code: RefusalCode
    message: str

    def __str__(self) -> str:
        number = "" if self.edit is None else f"edit {self.edit + 1}"
        where = " of ".join(part for part in (number, self.path or "") if part)
        return f"{where}: {self.code}: {self.message}" if where else f"{self.code}: {self.message}"


def refused(code: RefusalCode, message: str, path: str | None = None) -> PatchRejected:
    """Return the error for one edit that does not apply; whoever knows its number adds it."""
    return PatchRejected((Refusal(code=code, message=message, path=path),))


def reasons_of(
    error: PatchRejected, edit: int | None = None, path: str | None = None
) -> tuple[Refusal, ...]:
    """Return the refusals in `error`, with the edit's number and path where they lack them."""
    found = []
    for reason in error.reasons:
        if isinstance(reason, Refusal):
            known = {"edit": reason.edit if reason.edit is not None else edit}
            found.append(reason.model_copy(update={**known, "path": reason.path or path}))
    return tuple(found)
