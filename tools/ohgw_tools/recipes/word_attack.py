"""word-attack: the evaluation under TextFooler that a description asks for and no code makes."""

from __future__ import annotations

import ast
import re

from ohgw_tools import templates
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, ReplaceText, SetKey
from ohgw_tools.finding import Finding
from ohgw_tools.repairing import train_script
from ohgw_tools.repairing.template_edit import top_names, with_definitions
from ohgw_tools.repairing.train_script import TrainScript
from ohgw_tools.source.run_list import runs
from ohgw_tools.subject import Subject

NAME = "word-attack"
ANSWERS = ("missing-attack", "unimplemented-part")
ORDER = 100
SUMMARY = "Evaluates final language models under TextFooler, or a substitute that says so."

SMOKE_SENTENCES, SENTENCES = 4, 1000
_COUNT = re.compile(r"(\d+(?:[.,]\d+)?)\s*(k\b)?\s*(?:test )?sentences", re.IGNORECASE)
_NEEDED = {"articles_for", "text_tokenizer", "TextBlockDataset"}


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Attack the final model at the end of a search that a recipe wrote, and where `main` gathers
    the results of a single run, with as many sentences as the text says; few in the smoke test.

    Certain for TextFooler, where the text comes from a loader that a recipe wrote (it can hand out
    sentences and a tokenizer) and training calls the model for `.logits`.
    """
    about = [f for f in findings if str(f.data.get("attack")).casefold() == "textfooler"]
    same = [f for f in findings if f.data.get("part") == "adversarial examples"]
    subject = Subject(bundle, contract)
    script = train_script.find(subject)
    if not about or script is None or not _hands_out_text(subject, script):
        return None
    text = subject.files[script.path]
    places = _places(subject, script)
    if not places or set(templates.names("word_attack")) & top_names(text):
        return None
    count = _sentences(bundle.experiment.description)
    edits = [*places, *with_definitions(script.path, text, "word_attack", anchor="main")]
    for found, number in (
        (runs(subject, "full"), count or SENTENCES),
        (runs(subject, "smoke"), SMOKE_SENTENCES),
    ):
        edits += [
            SetKey(path=run.path, key=(*run.key, "adversarial"), value={"sentences": number})
            for run in found
        ]
    note = f"attacks {count or SENTENCES} test sentences of each final model by TextFooler; where "
    note += "TextAttack or its downloads are missing by a substitute, named in results.json"
    if count is None:
        note += "; the text leaves the number of sentences open"
    return Patch(
        edits=tuple(edits), answers=tuple(f.fingerprint for f in (*about, *same)), note=note
    )


def _sentences(text: str) -> int | None:
    found = _COUNT.search(text)
    if found is None:
        return None
    number = float(found[1].replace(",", "") if not found[2] else found[1].replace(",", "."))
    return int(number * (1000 if found[2] else 1))


def _hands_out_text(subject: Subject, script: TrainScript) -> bool:
    """Whether sentences and a tokenizer are to be had, and models are asked for logits by ids."""
    calls = re.search(r"input_ids=[^)]*\)\.logits|outputs\.logits", _code(subject))
    return calls is not None and top_names(subject.files[script.data_path]) >= _NEEDED


def _code(subject: Subject) -> str:
    return "\n".join(subject.files[path] for path, _ in subject.python_files())


def _places(subject: Subject, script: TrainScript) -> list[Edit]:
    """The lines that attack: at the end of a search's replicate, and of a single run."""
    text = subject.files[script.path]
    edits: list[Edit] = []
    after_search = "    weights = sum(p.numel() for p in winner.model.parameters())"
    if "replicate_report" in script.functions and text.count(after_search) == 1:
        new = [
            '    if "adversarial" in cfg:',
            f'        final["adversarial"] = attack_report(winner.model, cfg, winner.device, '
            f"{script.data})",
            '        final["adversarial_delta_ppl"] = final["adversarial"]["delta_ppl"]',
            after_search,
        ]
        edits.append(ReplaceText(path=script.path, search=after_search, replace="\n".join(new)))
    made = _results(script.main)
    if made is not None:
        lines = text.split("\n")
        old = "\n".join(lines[made.lineno - 1 : made.end_lineno])
        name = ast.unparse(made.targets[0] if isinstance(made, ast.Assign) else made.target)
        new = [
            old,
            f'    if "adversarial" in {script.cfg}:',
            f'        {name}["adversarial"] = attack_report(model, {script.cfg}, device, '
            f"{script.data})",
        ]
        if text.count(old) == 1:
            edits.append(ReplaceText(path=script.path, search=old, replace="\n".join(new)))
    return edits


def _results(main: ast.FunctionDef) -> ast.Assign | ast.AnnAssign | None:
    """The statement of `main` that gathers a run's results, if a variable `model` came before."""
    modelled = False
    for node in main.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        modelled = modelled or ast.unparse(target) == "model"
        keys = node.value.keys if isinstance(node.value, ast.Dict) else []
        named = {key.value for key in keys if isinstance(key, ast.Constant)}
        if modelled and isinstance(target, ast.Name) and "final_metrics" in named:
            return node
    return None
