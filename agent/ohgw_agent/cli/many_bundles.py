"""ManyBundles: several bundles judged one after another, with one report and one exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ohgw_agent.cli.discretion import discreet, discreet_tree

if TYPE_CHECKING:
    from ohgw_tools.bundle import Bundle
    from ohgw_tools.contract import Contract
    from ohgw_tools.render.checkout import Judged
    from ohgw_tools.verdict import Judgement

Judge = Callable[["Bundle"], "Judgement"]
_CODES = {"ready": 0, "not ready": 1, "undecided": 3}
_WORST_LAST = (0, 3, 1, 2)


def report(
    names: list[str],
    judge: Judge,
    contract: Contract,
    *,
    form: str,
    output: Path | None = None,
    sarif_file: Path | None = None,
) -> int:
    """Judge each bundle, write what was asked for and return the exit code of the worst: 2 where
    one could not be read, else 1, else 3, else 0. A bundle that cannot be read costs itself alone.

    `form` is text or json. `sarif_file` gets one log whose places are files below the current
    folder, as code scanning wants them. Raises InputError for another form.
    """
    from ohgw_tools.errors import InputError
    from ohgw_tools.render import checkout

    if form not in ("text", "json"):
        raise InputError(f"--format {form} is for one bundle: use text, json or --sarif-file FILE")
    judged = list(_judged(names, judge, contract))
    text = discreet(_as_json(judged) if form == "json" else "".join(map(_as_text, judged)))
    if sarif_file is not None:
        log = checkout.sarif(judged, Path.cwd(), contract.name)
        sarif_file.write_text(discreet(log), encoding="utf-8")
    if output is not None:
        output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
        sys.stdout.flush()
    return max((_code(one) for one in judged), key=_WORST_LAST.index, default=0)


def _judged(names: list[str], judge: Judge, contract: Contract) -> Iterator[Judged]:
    from ohgw_tools.bundles.bundle_file import load
    from ohgw_tools.errors import BundleError
    from ohgw_tools.render.checkout import Judged
    from ohgw_tools.report import Report

    for name in names:
        try:
            bundle = load(name)
        except BundleError as error:
            yield Judged(Path(name), str(error))
            continue
        yield Judged(Path(name), Report(judge(bundle), bundle, contract.name))


def _code(judged: Judged) -> int:
    return 2 if isinstance(judged.outcome, str) else _CODES[judged.outcome.status]


def _as_text(judged: Judged) -> str:
    from ohgw_agent.cli.terminal import harmless
    from ohgw_tools.render import render

    head = harmless(str(judged.place))
    if isinstance(judged.outcome, str):
        return f"== {head}: cannot be read\n{harmless(judged.outcome, lines=True)}\n"
    # Parts of lines are shown, and what tells a secret may be cut off: it goes before they are cut.
    bundle = judged.outcome.bundle
    shown = judged.outcome._replace(bundle=bundle.with_derived(discreet_tree(bundle.derived)))
    return f"== {head}: {shown.status}\n{render('text', shown)}"


def _as_json(judged: list[Judged]) -> str:
    from ohgw_tools.render import render

    rows = [
        {"bundle": str(one.place), "error": one.outcome}
        if isinstance(one.outcome, str)
        else {"bundle": str(one.place), **json.loads(render("json", one.outcome))}
        for one in judged
    ]
    return json.dumps({"bundles": rows}, indent=2, ensure_ascii=False) + "\n"
