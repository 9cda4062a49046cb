"""PatchText: the plain-text format that chat models write patches in, read in leniently.

Grammar (words in capitals are literal; commands stand at the start of a line, outside fences):

    answer   := (header | block | prose)*
    header   := "NOTE:" one line of text
              | "ANSWERS:" fingerprints of findings, separated by commas
    block    := "FILE:" path newline search+
              | "REPLACE DEFINITION" path name newline fence
              | "INSERT DEFINITION" path (("AFTER" | "BEFORE") name)? newline fence
              | "REMOVE DEFINITION" path name
              | "ADD IMPORT" path newline fence
              | "SET KEY" path keypath newline fence      (or: SET KEY path keypath = value)
              | "REMOVE KEY" path keypath
              | "APPEND ITEM" path keypath newline fence  (or: APPEND ITEM path keypath = value)
              | "NEW FILE" path newline fence
              | a unified diff, fenced or not
    search   := "<<<<<<< SEARCH" newline old "=======" newline new ">>>>>>> REPLACE" newline
    fence    := "```" language? newline content "```"
    keypath  := part ("." part | "[" number "]" | "[" id "]")*      part := word | quoted text

For instance:

    NOTE: the loader for WIKITEXT_103 was missing
    ANSWERS: 0f3a9c21b7d4e856

    FILE: src/preprocess.py
    <<<<<<< SEARCH
        raise NotImplementedError(name)
    =======
        if name == "WIKITEXT_103":
            return _wikitext(cfg)
        raise NotImplementedError(name)
    >>>>>>> REPLACE

    INSERT DEFINITION src/preprocess.py BEFORE get_dataloader
    ```python
    def _wikitext(cfg):
        return load_dataset("wikitext", "wikitext-103-raw-v1")
    ```

    SET KEY config/smoke_test.yaml runs[pasha-baseline].training.epochs = 1

Rules: the lines between SEARCH and ======= must stand in the file exactly once, as whole lines; an
empty old part is refused. `name` is dotted for members (`Net.forward`). `[id]` picks the list item
that has a key whose name ends in `id` or `name` with that value. Values are YAML. A fence whose
content has a line of three backticks must be longer. Several blocks may change one file; they apply
in their order. Everything applies or nothing does. JSON of the form `{"edits": [...]}` (the schema
of `ohgw_tools.edit.Patch`) is read as well.
"""

from __future__ import annotations

import json
import re

from pydantic import ValidationError

from ohgw_tools.edit import Edit, Patch
from ohgw_tools.editing.patch_block import Reader
from ohgw_tools.editing.refusal import Refusal, reasons_of, refused
from ohgw_tools.errors import PatchRejected
from ohgw_tools.tree import Tree

MAX_BYTES = 1 << 20


def read_patch(text: str, tree: Tree) -> Patch:
    """Read the patch that `text`, a chat model's answer, holds. `tree` is what it is meant for.

    Raises PatchRejected with codes unreadable, cut-off and those of paths and keys: one refusal for
    each block that cannot be read. A block is never left out in silence.
    """
    if len(text) > MAX_BYTES:
        raise refused("too-large", f"the answer has {len(text)} characters; at most {MAX_BYTES}")
    plain = text.replace("\r\n", "\n")
    data = _json(plain)
    if data is not None:
        return _from_json(data)
    reader = Reader(plain, tree)
    edits: list[Edit] = []
    reasons: list[Refusal] = []
    while not reader.done:
        try:
            edits += reader.next_edits()
        except PatchRejected as error:
            reasons += reasons_of(error)
    if reasons:
        raise PatchRejected(tuple(reasons))
    if not edits:
        raise refused(
            "unreadable",
            "the answer holds no edit; send FILE blocks with <<<<<<< SEARCH / ======= / "
            ">>>>>>> REPLACE, or one of the other commands of the format",
        )
    return Patch(edits=tuple(edits), answers=tuple(reader.answers), note=reader.note)


def _json(text: str) -> dict[str, object] | None:
    """The answer as a JSON object with edits, fenced or not, if it is one."""
    body = text.strip()
    fenced = re.fullmatch(r"```(?:json)?\s*\n(.*)\n```", body, re.DOTALL)
    if fenced:
        body = fenced.group(1)
    if not body.startswith("{"):
        return None
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        if '"edits"' in body:
            raise refused("unreadable", f"the JSON does not parse ({error})") from None
        return None
    return data if isinstance(data, dict) and "edits" in data else None


def _from_json(data: dict[str, object]) -> Patch:
    known = {key: data[key] for key in ("edits", "answers", "note") if key in data}
    try:
        return Patch.model_validate(known)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:8]]
        said = "; ".join(faults)
        raise refused("unreadable", f"the edits do not fit the schema: {said}") from None
