"""`show_run`: one repair: its attempts, verdicts and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import BaseModel

from ohgw_agent.mcp_server import answers
from ohgw_agent.mcp_server.desk import Desk, tool_error
from ohgw_tools.errors import InputError, OhgwError
from ohgw_tools.frozen import FROZEN

if TYPE_CHECKING:
    from ohgw_agent.trace.history import History
    from ohgw_agent.trace.judged import Candidate, Said

TITLE = "Read a repair's record"
WRITES = False


class RecordedVerdict(BaseModel):
    """One recorded verdict; `number` is what `verdict` asks for."""

    model_config = FROZEN

    number: int
    stage: str
    status: str
    errors: int
    reason: str


class RecordedAttempt(BaseModel):
    """One recorded attempt. `refused` holds the reasons why its patch was not applied."""

    model_config = FROZEN

    number: int
    status: str
    tree: str
    origin: str
    note: str
    refused: tuple[str, ...]
    verdicts: tuple[RecordedVerdict, ...]
    mended: int
    new: int


class Record(BaseModel):
    """A repair as it was recorded. `stop` is empty while it has not ended. `files` are those of the
    delivered tree, for `blame`. `findings` are those of the verdict that was asked for, a page of
    `findings_total`.
    """

    model_config = FROZEN

    run: str
    experiment: str
    status: str
    stop: str
    why: str
    final_tree: str
    files: tuple[str, ...]
    head: str
    attempts: tuple[RecordedAttempt, ...]
    findings_total: int
    findings: tuple[answers.Found, ...]


def tool(desk: Desk) -> Callable[..., Record]:
    """Return the tool."""

    def show_run(
        run: str = "last",
        verdict: answers.Page = 0,
        offset: answers.Page = 0,
        limit: answers.Count = 50,
    ) -> Record:
        """Read the record of one repair: attempts, patches, verdicts.

        `run` is an id, enough of one, or `last`. With `verdict` N the findings of that verdict
        are given too, with their evidence.
        """
        from ohgw_agent.trace.history import History
        from ohgw_agent.trace.reader import Reader

        try:
            history = History(Reader(desk.folders.run(run)))
            said = _verdict(history, verdict) if verdict else None
            return _record(history, said, offset, limit)
        except OhgwError as error:
            raise tool_error(error) from error

    return show_run


def _verdict(history: History, number: int) -> Said:
    count = len(history.verdicts)
    if number > count:
        raise InputError(f"run {history.id} has verdicts 1 to {count}, no {number}")
    return history.verdicts[number - 1]


def _record(history: History, said: Said | None, offset: int, limit: int) -> Record:
    from ohgw_agent.trace.fields import text

    end = history.end.data if history.end else {}
    findings = said.findings if said else ()
    return Record(
        run=history.id,
        experiment=text(history.start, "experiment"),
        status=text(end, "status") or "open",
        stop=text(end, "stop"),
        why=text(end, "message"),
        final_tree=history.final_tree,
        files=tuple(history.reader.manifest(history.final_tree)),
        head=history.reader.events[-1].digest,
        attempts=tuple(_attempt(made) for made in history.attempts),
        findings_total=len(findings),
        findings=tuple(answers.found(f) for f in findings[offset : offset + limit]),
    )


def _attempt(made: Candidate) -> RecordedAttempt:
    from ohgw_agent.trace.fields import text

    patch = made.patch
    return RecordedAttempt(
        number=made.number,
        status=made.status,
        tree=made.tree,
        origin=patch.origin if patch else "the input",
        note=patch.patch.note if patch and patch.patch else "",
        refused=tuple(text(reason, "message") for reason in patch.refusals) if patch else (),
        verdicts=tuple(
            RecordedVerdict(
                number=said.number,
                stage=said.stage,
                status=said.status,
                errors=len(said.verdict.errors),
                reason=said.verdict.reason,
            )
            for said in made.verdicts
        ),
        mended=len(made.listed("fixed")),
        new=len(made.listed("new")),
    )
