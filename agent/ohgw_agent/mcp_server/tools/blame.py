"""`blame`: who wrote a line of a repaired bundle, in answer to which finding, on what evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import BaseModel

from ohgw_agent.cli.discretion import discreet
from ohgw_agent.mcp_server import answers
from ohgw_agent.mcp_server.desk import Desk, tool_error
from ohgw_tools.errors import InputError, OhgwError
from ohgw_tools.frozen import FROZEN

if TYPE_CHECKING:
    from ohgw_agent.trace.blame import Account

TITLE = "Say why a line stands as it does"
WRITES = False


class Motive(BaseModel):
    """A finding that the line's patch answered, and the number of the verdict that held it."""

    model_config = FROZEN

    verdict: int
    stage: str
    finding: answers.Found


class Origin(BaseModel):
    """One line. `patch` is empty for lines of the input, which no patch touched. `unmotivated`
    tells that the patch names no finding that any verdict held.
    """

    model_config = FROZEN

    line: int
    text: str
    patch: str
    origin: str
    note: str
    unmotivated: bool
    answers: tuple[Motive, ...]
    tried_before: tuple[str, ...]


class Blamed(BaseModel):
    """Lines of one file of the delivered tree; `lines_total` counts all of them."""

    model_config = FROZEN

    run: str
    file: str
    lines_total: int
    lines: tuple[Origin, ...]


def tool(desk: Desk) -> Callable[..., Blamed]:
    """Return the tool."""

    def blame(
        file: str, run: str = "last", first: answers.Line = 1, limit: answers.Count = 50
    ) -> Blamed:
        """Say for each line of a repaired bundle's `file`, from line `first`, which patch wrote it,
        in answer to which finding, on what evidence. `run` is as `list_runs` shows it, or `last`.
        """
        from ohgw_agent.trace.blame import account
        from ohgw_agent.trace.blame import blame as lines_of
        from ohgw_agent.trace.history import History
        from ohgw_agent.trace.reader import Reader

        try:
            history = History(Reader(desk.folders.run(run)))
            lines = lines_of(history, file)
            if first > max(1, len(lines)):
                raise InputError(f"{file} has lines 1 to {len(lines)}, no {first}")
            shown = lines[first - 1 : first - 1 + limit]
            origins = tuple(_origin(account(history, file, line)) for line in shown)
        except OhgwError as error:
            raise tool_error(error) from error
        return Blamed(run=history.id, file=file, lines_total=len(lines), lines=origins)

    return blame


def _origin(known: Account) -> Origin:
    patch = known.line.patch
    return Origin(
        line=known.line.number,
        text=discreet(known.line.text.rstrip("\n")),
        patch=patch.id if patch else "",
        origin=patch.origin if patch else "the input",
        note=patch.patch.note if patch and patch.patch else "",
        unmotivated=patch is not None and not known.motives,
        answers=tuple(
            Motive(verdict=m.said.number, stage=m.said.stage, finding=answers.found(m.finding))
            for m in known.motives
        ),
        tried_before=tuple(earlier.id for earlier in known.tried_before),
    )
