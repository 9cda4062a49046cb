"""ohgw-warm-start: a warm start that stepped on weights, made to move hyper-parameters."""

from __future__ import annotations

import ast

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, ReplaceDefinition, ReplaceText
from ohgw_tools.finding import Finding
from ohgw_tools.repairing import train_script
from ohgw_tools.repairing.template_edit import with_definitions
from ohgw_tools.repairing.train_script import TrainScript
from ohgw_tools.subject import Subject

NAME = "ohgw-warm-start"
ANSWERS = ("weight-warm-start",)
ORDER = 98
SUMMARY = "Moves hyper-parameters by one hyper-gradient step from one mini-batch, not weights."

_LOADERS = ("dataloader", "loader", "train_loader", "data_loader")


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Give the function a body that moves the optimizer's learning rate, weight decay and momentum,
    and its call the optimizer.

    Certain where the function takes the model, a loader, the device and eta_h, and is called once
    in `main`, after a variable `optimizer` was made.
    """
    subject = Subject(bundle, contract)
    script = train_script.find(subject)
    if script is None:
        return None
    for finding in findings:
        function = script.functions.get(str(finding.data.get("function")))
        if finding.path != script.path or function is None:
            continue
        edits = _mended(subject, script, function)
        if edits:
            model_text = subject.files[script.model_path]
            text = subject.files[script.path]
            return Patch(
                edits=(
                    *with_definitions(script.model_path, model_text, "adapters"),
                    *with_definitions(script.model_path, model_text, "hypergradient"),
                    *edits,
                    *with_definitions(script.path, text, "warm_start", anchor="main"),
                ),
                answers=(finding.fingerprint,),
                note=f"{function.name} moves hyper-parameters by eta_h times their gradient and "
                "leaves weights as they are",
            )
    return None


def _mended(subject: Subject, script: TrainScript, function: ast.FunctionDef) -> list[Edit]:
    names = [argument.arg for argument in function.args.args]
    loader = next((name for name in names if name in _LOADERS), None)
    call = _call(script.main, function.name)
    if loader is None or call is None or not {"model", "device", "eta_h"} <= set(names):
        return []
    if function.args.defaults or "optimizer" in names or not _made_before(script.main, call):
        return []
    lines = subject.files[script.path].split("\n")
    called = "\n".join(lines[call.lineno - 1 : call.end_lineno])
    if not called.rstrip().endswith(")") or call.lineno != call.end_lineno:
        return []
    signature = [ast.unparse(argument) for argument in function.args.args]
    code = [f"def {function.name}(", *(f"    {part}," for part in signature)]
    code += [
        "    optimizer: optim.Optimizer,",
        ") -> None:",
        '    """One-shot hyper-gradient warm start: one mini-batch moves the hyper-parameters.',
        "",
        "    The design's pseudo-code differentiates the loss of the weights with respect to the",
        "    configuration, which that loss does not depend on; what is differentiated here is the",
        "    loss after one look-ahead step (see one_shot_hypergradient). Weights are not touched.",
        '    """',
        "    report = move_hyperparameters(",
        f"        model, {loader}, device, eta_h, optimizer, {script.models}",
        "    )",
        '    print(json.dumps({"ohgw_warm_start": report}), flush=True)',
    ]
    new_call = called.rstrip()[:-1].rstrip().rstrip(",") + ", optimizer)"
    return [
        ReplaceDefinition(path=script.path, name=function.name, code="\n".join(code)),
        ReplaceText(path=script.path, search=called, replace=new_call),
    ]


def _call(main: ast.FunctionDef, name: str) -> ast.Expr | None:
    found = [
        node
        for node in ast.walk(main)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == name
        and not node.value.keywords
    ]
    return found[0] if len(found) == 1 else None


def _made_before(main: ast.FunctionDef, call: ast.Expr) -> bool:
    return any(
        isinstance(node, ast.Assign)
        and node.lineno < call.lineno
        and any(isinstance(t, ast.Name) and t.id == "optimizer" for t in node.targets)
        for node in ast.walk(main)
    )
