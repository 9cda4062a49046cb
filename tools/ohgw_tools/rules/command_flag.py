"""command-flag: a subprocess command line that its program refuses."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.command_line import Flag, flags, takes_unknown
from ohgw_tools.source.descent import descend
from ohgw_tools.source.python_file import Definition, PythonFile
from ohgw_tools.subject import Subject

NAME = "command-flag"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A module of the bundle is started with arguments that it does not accept."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each unknown or missing flag in a list such as
    `[sys.executable, "-m", "src.train", ...]`, and for a module that does not exist.
    """
    roots = {name.split(".")[0] for name in subject.modules}
    for path, file in subject.python_files():
        for command, module, given in file.derive(_commands):
            if module.split(".")[0] not in roots:
                continue
            target = subject.modules.get(module) or subject.modules.get(f"{module}.__main__")
            program = subject.python(target) if target else None
            if target is None or program is None:
                message = f"starts the module {module!r}, which the bundle does not have"
                yield _finding(subject, path, command, message, module, "")
                continue
            for flag, message in _problems(file, command, given, target, program):
                yield _finding(subject, path, command, message, module, flag)


def _finding(
    subject: Subject, path: str, command: ast.List, message: str, module: str, flag: str
) -> Finding:
    return subject.finding(
        __name__,
        message,
        path,
        command,
        subject=f"{module} {flag}",
        inherited=subject.inherited(path, command.lineno),
        data={"module": module, "flag": flag},
    )


def _commands(file: PythonFile) -> tuple[tuple[ast.List, str, list[str]], ...]:
    """The lists of a file that start a module, with the module and its literal arguments."""
    found = ((node, *_command(node)) for node in file.nodes(ast.List))
    return tuple((node, module, given) for node, module, given in found if module)


def _command(node: ast.List) -> tuple[str, list[str]]:
    """Return the module that a list starts with `-m`, and the literal arguments after it."""
    words = [e.value if isinstance(e, ast.Constant) else None for e in node.elts]
    if "-m" not in words:
        return "", []
    at = words.index("-m")
    module = words[at + 1] if at + 1 < len(words) else None
    if not isinstance(module, str):
        return "", []
    return module, [word for word in words[at + 2 :] if isinstance(word, str)]


def _problems(
    file: PythonFile, command: ast.List, given: list[str], target: str, program: PythonFile
) -> Iterator[tuple[str, str]]:
    known = flags(program)
    if not known or takes_unknown(program):
        return
    names = {name for flag in known for name in flag.names}
    used = [word.split("=")[0] for word in given if word.startswith("--")]
    for word in used:
        if word not in names and not any(name.startswith(word) for name in names):
            yield word, f"passes {word} to {target}, which does not accept it"
    later = _added_later(file, command)
    dynamic = any(isinstance(e, ast.Starred | ast.ListComp) for e in command.elts)
    for flag in known:
        if _is_missing(flag, used, later) and not dynamic:
            name = flag.names[-1]
            yield name, f"does not pass {name}, which {target} requires"


def _is_missing(flag: Flag, used: list[str], later: frozenset[str]) -> bool:
    if not flag.required or not flag.names[0].startswith("-"):
        return False
    return not any(name in later or any(name.startswith(u) for u in used) for name in flag.names)


def _added_later(file: PythonFile, command: ast.List) -> frozenset[str]:
    """Every string of the function that the list stands in: arguments may be appended."""
    function = next((a for a in file.ancestors(command) if isinstance(a, Definition)), file.tree)
    return frozenset(
        node.value.split("=")[0]
        for node in (descend(function) if function else ())
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
