"""Small bundles for the interpreter: code of src/main.py and a configuration."""

from __future__ import annotations

import textwrap

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.contract import Contract
from ohgw_tools.interpreter import Interpretation, interpret
from ohgw_tools.subject import Subject

CONTRACT = Contract.load("base-derived")


def subject_of(code: str, config: str = "", **files: str) -> Subject:
    """Return a subject whose main program is `code`; `files` are more modules, by name."""
    derived = {"src/main.py": textwrap.dedent(code)}
    derived |= {f"src/{name}.py": textwrap.dedent(text) for name, text in files.items()}
    if config:
        derived["config/full_experiment.yaml"] = textwrap.dedent(config)
        derived["config/smoke_test.yaml"] = textwrap.dedent(config)
    bundle = Bundle(base={}, derived=derived, experiment=Experiment(id="exp"))
    return Subject(bundle, CONTRACT)


def run(code: str, config: str = "", **files: str) -> Interpretation:
    """Interpret a small bundle."""
    return interpret(subject_of(code, config, **files))


def raised(code: str, config: str = "", **files: str) -> set[tuple[str, int]]:
    """Return exception and line of everything that is reported as certain."""
    found = run(code, config, **files)
    assert not found.aborted, found.aborted
    return {(e.exception, e.line) for e in found.exceptions}
