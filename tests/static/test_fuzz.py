"""Hostile and accidental input: every bundle ends in a verdict, never in a traceback or a hang."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.check import check
from ohgw_tools.contract import Contract
from ohgw_tools.render import formats, render
from ohgw_tools.report import Report
from ohgw_tools.tree import Tree
from ohgw_tools.verdict import Judgement

SEED = Path(__file__).parents[1] / "bundles" / "seed" / "exp-2.bundle.json"
CONTRACT = Contract.load("base-derived")
PATHS = (
    "src/main.py",
    "src/train.py",
    "src/model.py",
    "config/smoke_test.yaml",
    "config/full_experiment.yaml",
    "pyproject.toml",
)
QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# Every plane, surrogates aside: the reader of bundles refuses those.
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=400)
WORDS = st.sampled_from(
    [
        *("def f(x):", "class A(B):", "return", "pass", "...", "import os", "from .model import x"),
        *("if x:", "    ", "\n", "\r\n", "\t", "#", "# TODO", "'''", '"""', "\\", "\x0c", "lambda"),
        *(
            "runs:",
            "- run_id: a",
            "  - ",
            "{",
            "}",
            "[",
            "]",
            ": ",
            "&a",
            "*a",
            "<<: *a",
            "? ",
            "|",
        ),
        *(
            "!!int x",
            "2001-99-99",
            "{{ x }}",
            "{% for %}",
            "1e-3",
            "???",
            "<your path>",
            "~",
            "---",
        ),
        *(
            "[project]",
            "dependencies",
            "= [",
            "name = 'x'",
            '"torch>="',
            "{x}",
            "f'{",
            "@",
            "async ",
        ),
        *(
            "await",
            "yield",
            "raise NotImplementedError",
            "PLACEHOLDER",
            "[UNCHANGED]",
            "𝒳",
            "é",
            "語",
        ),
        *(
            "match x:",
            "case",
            "global x",
            "nonlocal x",
            "del",
            "with open(x) as f:",
            "try:",
            "*",
            ",",
        ),
    ]
)
LANGUAGE = st.lists(WORDS, max_size=60).map("".join)
CONTENT = st.one_of(TEXT, LANGUAGE, LANGUAGE.map(lambda t: t.replace("\n", "\n    ")))


def bundle(derived, base=None, description="", variations=()):
    experiment = Experiment(id="e", description=description, run_variations=tuple(variations))
    return Bundle(base=Tree(base or {}), derived=Tree(derived), experiment=experiment)


def judged(candidate):
    """Judge, write down in every format, and return the verdict."""
    verdict = check(candidate, CONTRACT)
    assert verdict.status in ("pass", "fail", "undecided")
    judgement = Judgement(tree=candidate.derived.digest, verdicts=(verdict,), required=("static",))
    for name in formats():
        assert render(name, Report(judgement, candidate, CONTRACT.name)).endswith("\n")
    return verdict


@QUICK
@given(
    st.dictionaries(st.sampled_from(PATHS), CONTENT, max_size=6), TEXT, st.lists(TEXT, max_size=3)
)
def test_random_trees_end_in_a_verdict(files, description, variations):
    judged(
        bundle(
            files,
            base=dict(list(files.items())[:2]),
            description=description,
            variations=variations,
        )
    )


@QUICK
@given(st.data())
def test_mutated_seeds_end_in_a_verdict(data):
    seed = load(SEED)
    path = data.draw(st.sampled_from(sorted(seed.derived)))
    text = seed.derived[path]
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 200))
    put = data.draw(CONTENT)
    judged(
        seed.with_derived(seed.derived.with_file(path, text[:start] + put + text[start + length :]))
    )


DEEP = 10_000
HUGE = {
    "parentheses": ("src/main.py", "x = " + "(" * DEEP + ")" * DEEP),
    "unary minus": ("src/main.py", "x = " + "-" * DEEP + "1"),
    "sum": ("src/main.py", "x = " + "+".join(["a"] * DEEP)),
    "attributes": ("src/main.py", "x = a" + ".b" * DEEP),
    "calls": ("src/main.py", "x = a" + "()" * DEEP),
    "elif": ("src/main.py", "if a:\n pass\n" + "elif b:\n pass\n" * 3000),
    "nested functions": (
        "src/main.py",
        "".join(f"{' ' * i}def f():\n" for i in range(99)) + " " * 99 + "pass",
    ),
    "lambdas": ("src/main.py", "x = " + "lambda: " * 3000 + "1"),
    "strings": ("src/main.py", "x = " + "+".join(['"a"'] * 140)),
    "long line": ("src/main.py", "x = '" + "a" * 100_000 + "'"),
    "long name": ("src/main.py", "a" * 100_000 + " = 1\n"),
    "long comment": ("src/main.py", "# " + "no PLACEHOLDER " * 8000),
    "quotes": ("src/main.py", '"""' + '\\"""' * 25_000),
    "blank lines": ("config/full_experiment.yaml", "runs:\n" + "\n" * 200_000),
    "flow list": ("config/full_experiment.yaml", "[" * DEEP + "]" * DEEP),
    "block list": ("config/full_experiment.yaml", "- " * DEEP + "a"),
    "flow map": ("config/full_experiment.yaml", "{a: " * DEEP + "1" + "}" * DEEP),
    "laughs": (
        "config/full_experiment.yaml",
        "a0: &a0 [1]\n"
        + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)),
    ),
    "itself": ("config/full_experiment.yaml", "a: &a [*a]\n"),
    "long scalar": ("config/full_experiment.yaml", "a: " + "x" * 100_000),
    "dashes": ("config/full_experiment.yaml", "runs:\n" + "- run_id: a\n" * 5000),
    "hashes": ("config/full_experiment.yaml", "a: 1 " + "# " * 50_000),
    "toml arrays": ("pyproject.toml", "a = " + "[" * DEEP + "]" * DEEP),
    "toml keys": ("pyproject.toml", "[" + "a." * 4000 + "a]\n"),
    "toml quotes": ("pyproject.toml", "a = " + '"' * 100_001),
    "planes": ("src/main.py", "x = '" + "".join(chr(p * 0x10000 + 0x41) for p in range(17)) + "'"),
    "number": ("config/full_experiment.yaml", "a: " + "9" * 10_000),
    "python number": ("src/main.py", "x = " + "9" * 10_000),
    "null byte": ("src/main.py", "x = 1\0"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", HUGE)
def test_deep_long_and_vast_input_ends_in_a_verdict(name):
    path, text = HUGE[name]
    judged(
        bundle({path: text}, base={path: text + " "}, description=text[:5000], variations=("a",))
    )


def test_what_is_past_the_judge_is_undecided_and_not_a_pass():
    narrow = CONTRACT.model_copy(update={"files": ()})
    verdict = check(bundle({"src/lib.py": "x = " + "+".join(["a"] * DEEP)}), narrow)
    assert verdict.status == "undecided"
    assert "src/lib.py" in verdict.reason
    assert "split or simplify" in verdict.reason
