"""The house's own rules: which way imports point, how large things are, what start-up costs."""

import ast
import builtins
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {
    "ohgw_agent": ROOT / "agent" / "ohgw_agent",
    "ohgw_tools": ROOT / "tools" / "ohgw_tools",
    "ohgw_prompts": ROOT / "prompts" / "ohgw_prompts",
}
MODEL_LIBRARIES = {"langgraph", "langchain", "langchain_core", "langchain_openai", "openai"}
MAY_IMPORT = {
    "ohgw_agent": {"ohgw_agent", "ohgw_tools", "ohgw_prompts"},
    "ohgw_tools": {"ohgw_tools"},
    "ohgw_prompts": {"ohgw_prompts"},
}
MAX_FILE = 300
MAX_FUNCTION = 45


def modules(package):
    return sorted(p for p in SOURCES[package].rglob("*.py") if "templates" not in p.parts)


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("package", SOURCES)
def test_imports_point_one_way(package):
    ours = set(SOURCES)
    for path in modules(package):
        names = set(imported(ast.parse(path.read_text())))
        assert names & ours <= MAY_IMPORT[package], path
        if package != "ohgw_agent":
            assert not names & MODEL_LIBRARIES, path
        if package == "ohgw_prompts":
            assert names <= set(sys.stdlib_module_names) | {"ohgw_prompts"}, path


def test_nothing_names_a_rule_sandbox_recipe_or_proposer_by_import():
    found = ("rules", "sandboxes", "recipes")
    for package in SOURCES:
        for path in modules(package):
            folder = path.parent.name
            for node in ast.walk(ast.parse(path.read_text())):
                module = getattr(node, "module", None) or ""
                for kind in found:
                    inside = module.startswith(f"ohgw_tools.{kind}.")
                    assert not inside or folder == kind, f"{path} imports {module}"


@pytest.mark.parametrize("package", SOURCES)
def test_files_and_functions_stay_small(package):
    too_long = []
    for path in modules(package):
        text = path.read_text()
        if text.count("\n") > MAX_FILE:
            too_long.append(f"{path.name}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                documented = len((ast.get_docstring(node) or "").splitlines())
                if lines - documented > MAX_FUNCTION:
                    too_long.append(f"{path.name}:{node.lineno} {node.name}: {lines} lines")
    assert not too_long


def test_no_file_is_named_for_nothing():
    banned = {"utils", "util", "base", "common", "helpers", "helper", "misc", "core"}
    names = {p.stem for package in SOURCES for p in modules(package)}
    assert not names & banned


def test_no_class_inherits_from_one_of_ours_but_exceptions():
    parents = {}
    for package in SOURCES:
        for path in modules(package):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    targets = [b.value if isinstance(b, ast.Subscript) else b for b in node.bases]
                    names = [t.attr if isinstance(t, ast.Attribute) else t.id for t in targets]
                    parents[node.name] = (names, f"{path}:{node.lineno}")

    def is_exception(name):
        known = getattr(builtins, name, None)
        if isinstance(known, type) and issubclass(known, BaseException):
            return True
        return any(is_exception(parent) for parent in parents.get(name, ((), ""))[0])

    for name, (bases, place) in parents.items():
        ours = [base for base in bases if base in parents]
        assert not ours or is_exception(name), f"{place} {name} inherits {ours}"


LIGHT = [
    ["--help"],
    ["--version"],
    ["validate", "--static-only", "tests/bundles/seed/exp-2.bundle.json"],
    ["runs", "ls", "--runs-dir", "no-such-folder"],
    ["rule"],
]


@pytest.mark.parametrize("arguments", LIGHT, ids=lambda a: " ".join(a[:2]))
def test_light_commands_import_no_model_library(arguments):
    program = (
        "import sys, runpy\n"
        f"sys.argv = ['ohgw-agent', *{arguments!r}]\n"
        "try:\n    runpy.run_module('ohgw_agent', run_name='__main__')\n"
        "except SystemExit:\n    pass\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    loaded = set(ast.literal_eval(done.stderr.strip().splitlines()[-1]))
    assert not loaded & (MODEL_LIBRARIES | {"langsmith", "docker", "rich", "libcst"})
    if arguments[0] in ("--help", "--version"):
        assert "pydantic" not in loaded


def test_every_command_is_in_the_readme():
    readme = (ROOT / "README.md").read_text()
    commands = SOURCES["ohgw_agent"] / "cli" / "commands"
    for path in commands.glob("[a-z]*.py"):
        assert f"ohgw-agent {path.stem}" in readme, path.stem
