"""trial-loop: the search that run variations are named for, around a script that trains once."""

from __future__ import annotations

import ast
from typing import Any

from ohgw_tools import catalogue
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, ReplaceText, SetKey
from ohgw_tools.finding import Finding
from ohgw_tools.recipes.variation_comparison import comparison_edits
from ohgw_tools.repairing import scheduler_code, search_design, train_script
from ohgw_tools.repairing.model_size import size_edits
from ohgw_tools.repairing.search_design import SearchDesign
from ohgw_tools.repairing.template_edit import top_names, with_definitions
from ohgw_tools.repairing.train_script import TrainScript
from ohgw_tools.source.run_list import Run, runs
from ohgw_tools.subject import Subject

NAME = "trial-loop"
ANSWERS = ("missing-scheduler", "registry-gap")
ORDER = 99
SUMMARY = "Writes the named scheduler and a search of trials around the training script."


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Put scheduler, trial and search beside the code that trains one configuration, which stays,
    and a `search` section into every run.

    Certain where the catalogue has a class for the scheduler, or one that stands in for it and
    says so, the text lists the search space's dimensions, the script has the parts that the search
    calls (see `train_script`), and both configurations hold the runs.
    """
    subject = Subject(bundle, contract)
    script = train_script.find(subject)
    full, smoke = runs(subject, "full"), runs(subject, "smoke")
    if any(finding.rule == "registry-gap" for finding in findings):
        # A search calls what builds data and models from afar: first these must be there.
        return None
    named = {str(f.data.get("scheduler")): f for f in findings}
    names = tuple(sorted(name for name in named if scheduler_code.class_of(name)))
    if script is None or not full or len(smoke) < len(full) or not names:
        return None
    design = search_design.read(bundle, names[0])
    present = top_names(subject.files[script.path])
    if design is None or present & {"run_search", "Trial"}:
        return None
    dispatch = _dispatch(subject, script)
    if dispatch is None:
        return None
    edits = [
        *_model_edits(subject, script, names),
        *dispatch,
        *_script_edits(subject, script),
        *_config_edits(subject, script, design, names, full, smoke),
    ]
    if "wilcoxon" in bundle.experiment.description.lower():
        edits += comparison_edits(subject)
    return Patch(
        edits=tuple(edits),
        answers=tuple(named[name].fingerprint for name in names),
        note=_note(design, names),
    )


def _note(design: SearchDesign, names: tuple[str, ...]) -> str:
    said = f"searches by {' and '.join(names).upper()} in {len(design.dimensions)} dimensions"
    for name in scheduler_code.substituted(names):
        said += f"; {scheduler_code.class_of(name)} stands in for {name.upper()}, as "
        said += scheduler_code.key_of(name)
    assumed = ", ".join(design.assumed)
    return f"{said}; the text leaves open, and the configuration now says: {assumed}"


def _model_edits(subject: Subject, script: TrainScript, names: tuple[str, ...]) -> list[Edit]:
    path, text = script.model_path, subject.files[script.model_path]
    return [
        *with_definitions(path, text, "adapters"),
        *with_definitions(path, text, "hypergradient"),
        *scheduler_code.scheduler_edits(path, text, names),
    ]


def _script_edits(subject: Subject, script: TrainScript) -> list[Edit]:
    text = subject.files[script.path]
    return [
        *with_definitions(script.path, text, "trial", anchor="main"),
        *with_definitions(script.path, text, "search", anchor="main"),
    ]


def _dispatch(subject: Subject, script: TrainScript) -> list[Edit] | None:
    """Branch off to the search in `main`, before data are asked for: results file, figures and the
    last line of output stay as they are for a single run.
    """
    figures = _figures(script)
    if figures is None:
        return None
    lines = subject.files[script.path].split("\n")
    first = lines[script.first - 1]
    cfg, indent = script.cfg, " " * (len(first) - len(first.lstrip()))
    body = [
        f'if "search" in {cfg}:',
        f"    results_summary = run_search({cfg}, run_dir, device, {script.data}, {script.models})",
        '    with open(run_dir / "results.json", "w", encoding="utf-8") as f_res:',
        "        json.dump(results_summary, f_res, indent=2)",
        f"    {figures}",
        "    print(json.dumps(results_summary), flush=True)",
        "    return",
        "",
    ]
    new = "\n".join([*(indent + line if line else "" for line in body), first])
    return [ReplaceText(path=script.path, search=first, replace=new)]


def _figures(script: TrainScript) -> str | None:
    """The call of `save_training_curves` for the search's rows, by the names of its parameters."""
    function = script.functions.get("save_training_curves")
    if function is None:
        return None
    known = {
        "metrics": 'results_summary["epoch_metrics"]',
        "epoch_metrics": 'results_summary["epoch_metrics"]',
        "run_id": "run_id",
        "results_dir": "args.results_dir",
        "metric_name": '"accuracy"',
    }
    names = [argument.arg for argument in function.args.args]
    if any(name not in known for name in names):
        return None
    return f"save_training_curves({', '.join(known[name] for name in names)})"


def _config_edits(
    subject: Subject,
    script: TrainScript,
    design: SearchDesign,
    names: tuple[str, ...],
    full: tuple[Run, ...],
    smoke: tuple[Run, ...],
) -> list[Edit]:
    splits = _splits(subject)
    first_seed = int(full[0].config.get("seed", 0))
    edits: list[Edit] = []
    for run in full:
        name = _named(run, names)
        if name is None:
            continue
        search = _search(design, name, run, splits)
        search["seeds"] = [first_seed + i for i in range(design.replicates or 1)]
        if design.gpu_hours is not None:
            search["budget_gpu_hours"] = design.gpu_hours
        else:
            search["max_trials"] = design.max_trials
        edits.append(SetKey(path=run.path, key=(*run.key, "search"), value=search))
    for run in smoke:
        name = _named(run, names)
        if name is None:
            continue
        search = _search(design, name, run, splits)
        search |= {"min_epochs": 1, "reduction_factor": 2, "warmup_steps": 4, "max_trials": 3}
        search |= {"seeds": [first_seed], "threads": 1}
        edits.append(SetKey(path=run.path, key=(*run.key, "search"), value=search))
        training = run.config.get("training") or {}
        for key, value in (("epochs", 4), ("batch_size", 8)):
            if training.get(key) != value:
                place = (*run.key, "training", key)
                edits.append(SetKey(path=run.path, key=place, value=value))
    return [*edits, *size_edits(subject, script.model_path, smoke)]


def _named(run: Run, names: tuple[str, ...]) -> str | None:
    """The scheduler that a run is named for."""
    words = run.id.replace("-", " ").replace("_", " ")
    found = [entry.name for entry in catalogue.named_in(words, catalogue.schedulers())]
    return found[0] if len(found) == 1 and found[0] in names else None


def _search(design: SearchDesign, name: str, run: Run, splits: list[str]) -> dict[str, Any]:
    optimizer = str((run.config.get("optimizer") or {}).get("type", "SGD"))
    section: dict[str, Any] = {
        "scheduler": scheduler_code.key_of(name),
        "min_epochs": design.min_epochs,
        "reduction_factor": design.reduction_factor,
        "warmup_steps": 2000 if "warmup_scale" in design.dimensions else 0,
        "splits": splits,
        "space": design.space(optimizer),
    }
    if design.target is not None:
        section["target"] = list(design.target)
    return section


def _splits(subject: Subject) -> list[str]:
    """The splits that the data code lets through."""
    for _, file in subject.python_files():
        for node in file.nodes(ast.Assert):
            test = node.test
            if isinstance(test, ast.Compare) and isinstance(test.comparators[0], ast.Set):
                allowed = {e.value for e in test.comparators[0].elts if isinstance(e, ast.Constant)}
                if {"train", "val"} <= allowed:
                    return [s for s in ("train", "val", "test", "ood") if s in allowed]
    return ["train", "val"]
