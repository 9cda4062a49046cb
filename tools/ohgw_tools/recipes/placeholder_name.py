"""placeholder-name: a working code path that still goes by a placeholder's name."""

from __future__ import annotations

import re

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, ReplaceText
from ohgw_tools.finding import Finding

NAME = "placeholder-name"
ANSWERS = ("placeholder-string",)
ORDER = 97
SUMMARY = "Gives a working code path a plain name once no configuration asks for its placeholder."

_TOKEN = re.compile(r"([A-Z][A-Z0-9_]*)_PLACEHOLDER")


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Rename `X_PLACEHOLDER` to `X` where code compares a configured name with it, works (the
    branch does not raise) and no configuration uses it: what the base could do stays, named for
    what it is.
    """
    edits: list[Edit] = []
    answers: list[str] = []
    for finding in findings:
        token = str(finding.data.get("token", ""))
        match = _TOKEN.fullmatch(token)
        path = finding.path or ""
        if match is None or not path.endswith(".py") or path not in bundle.derived:
            continue
        configs = [text for name, text in bundle.derived.items() if not name.endswith(".py")]
        plain = match[1]
        if any(token in text for text in configs) or f'"{plain}"' in bundle.derived[path]:
            continue
        renamed = _renamed(path, bundle.derived[path], token, plain)
        if renamed is None:
            continue
        edits += [edit for edit in renamed if edit not in edits]
        answers.append(finding.fingerprint)
    if not edits:
        return None
    note = "no configuration asks for it: a plain name"
    return Patch(edits=tuple(edits), answers=tuple(answers), note=note)


def _renamed(path: str, text: str, token: str, plain: str) -> list[Edit] | None:
    """One edit for each line that holds the token; None where it is more than a compared name."""
    lines = text.split("\n")
    holding = [line for line in lines if token in line]
    compared = [line for line in holding if f'== "{token}"' in line]
    if len(compared) != 1 or any(lines.count(line) != 1 for line in holding):
        return None
    after = lines[lines.index(compared[0]) + 1].strip()
    if not compared[0].strip().startswith("if ") or after.startswith("raise"):
        return None
    return [
        ReplaceText(path=path, search=line, replace=line.replace(token, plain)) for line in holding
    ]
