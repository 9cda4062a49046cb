"""Judging: one judgement of a bundle, stage by stage, cheapest first; nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.errors import CouldNotLook, RunCancelled
from ohgw_tools.subject import ParseCache
from ohgw_tools.verdict import Judgement, Stage, Verdict

if TYPE_CHECKING:
    from ohgw_tools.sandbox import Sandbox


def judge(
    bundle: Bundle,
    contract: Contract | None = None,
    *,
    sandbox: str | Sandbox = "auto",
    static_only: bool = False,
    cache: ParseCache | None = None,
    **running: Any,
) -> Judgement:
    """Judge statically and then, if nothing decides against the bundle, by running it.

    `sandbox` is a backend, the name of one, `auto`, or `none`, which leaves that stage undecided;
    `running` are the options of `ohgw_tools.running.smoke.run_stage`.
    What cannot be looked at is `undecided`, never raised. Raises InputError for a sandbox or an
    interpreter that does not exist, RunCancelled when `cancel` is set.
    """
    from ohgw_tools.check import check

    held_against = contract or Contract.load("base-derived")
    required: tuple[Stage, ...] = tuple(
        stage
        for stage in held_against.stages
        if stage == "static" or (stage == "sandbox" and not static_only)
    )
    verdicts: list[Verdict] = [check(bundle, held_against, cache=cache)]
    if verdicts[0].status == "pass" and "sandbox" in required:
        try:
            verdicts.append(_run(bundle, held_against, sandbox, running))
        except RunCancelled:
            raise
        except CouldNotLook as error:
            verdicts.append(_undecided(str(error)))
    return Judgement(tree=bundle.derived.digest, verdicts=tuple(verdicts), required=required)


def _run(
    bundle: Bundle, contract: Contract, sandbox: str | Sandbox, running: dict[str, Any]
) -> Verdict:
    from ohgw_tools.running.smoke import run_stage
    from ohgw_tools.sandbox_choice import choose

    if sandbox == "none":
        return _undecided("no sandbox was asked for (--sandbox none)")
    chosen = choose(sandbox) if isinstance(sandbox, str) else sandbox
    return run_stage(bundle, contract, chosen, **running)


def _undecided(reason: str) -> Verdict:
    return Verdict(stage="sandbox", status="undecided", reason=reason)
