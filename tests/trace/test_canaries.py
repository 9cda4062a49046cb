"""Canary secrets of many kinds through a whole repair: on no disk, in no export, never shown."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest
from canaries import ENVIRONMENT, TOKENS, all_secrets, everything, forms

from ohgw_agent.trace.export import exports
from ohgw_agent.trace.history import History
from ohgw_agent.trace.reader import Reader
from ohgw_agent.trace.verification import verify
from ohgw_tools.bundle import Bundle
from ohgw_tools.bundles.bundle_file import load, save
from ohgw_tools.errors import TraceError

ROOT = Path(__file__).parents[2]
NAMED = ("github", "huggingface", "slack", "npm")


def planted() -> Bundle:
    """The quickstart with secrets in code, in strings that are cut for display, in configurations,
    in lines that are at fault, and in the names of files, of which two are broken.
    """
    bundle = load(ROOT / "examples" / "quickstart.json")
    tree = bundle.derived
    known = [*TOKENS.values(), *ENVIRONMENT.values()]
    code = "".join(f"K{n} = {secret!r}\n" for n, secret in enumerate(known))
    fault = f"undefined_name({TOKENS['github']!r})\n"
    tree = tree.with_file(
        "src/train.py", f"{tree['src/train.py']}\n{code}NOTE = {everything()!r}\n{fault}"
    )
    comments = "".join(f"# {line}\n" for line in everything().splitlines())
    smoke = "config/smoke_test.yaml"
    tree = tree.with_file(smoke, f"{tree[smoke]}\n{comments}password: {TOKENS['npm']}\n")
    tree = tree.with_file(f"src/{TOKENS['github']}.py", "x = 1\n")
    tree = tree.with_file(f"src/{TOKENS['huggingface']}.py", "def broken(:\n")
    tree = tree.with_file(f"config/{TOKENS['slack']}.yaml", "a: [1\n")
    return bundle.with_derived(tree.with_file(f"src/{TOKENS['npm']}/data.py", "y = 2\n"))


def leaks(content: bytes) -> set[str]:
    return {secret[:9] for secret in all_secrets() for form in forms(secret) if form in content}


def cli(*words: object) -> tuple[int, bytes]:
    """Run a command with secrets in the environment. Returns its code and all that it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "ohgw_agent", *map(str, words)],
        capture_output=True,
        env={**os.environ, **ENVIRONMENT},
        cwd=ROOT,
        check=False,
    )
    assert b"Traceback (most recent call last)" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, bytes]:
    """A repair of it: the bundle's file, the run's folder and what was printed."""
    base = tmp_path_factory.mktemp("canaries")
    save(planted(), base / "bundle.json")
    how = ("--static-only", "--proposer", "recipes")
    code, shown = cli("fix", base / "bundle.json", *how, "--runs-dir", base / "runs")
    assert code == 1
    (folder,) = (base / "runs").glob("2*")
    return base / "bundle.json", folder, shown


def test_nothing_on_disk(run: tuple[Path, Path, bytes]) -> None:
    _, folder, _ = run
    files = [path for path in folder.parent.rglob("*") if path.is_file()]
    assert len(files) > 50
    for path in files:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        assert leaks(content + str(path).encode()) == set(), path


def test_nothing_on_the_terminal(run: tuple[Path, Path, bytes], tmp_path: Path) -> None:
    bundle, folder, shown = run
    assert b"[REDACTED:" in shown
    assert leaks(shown) == set()
    for form in ("text", "json", "sarif", "junit", "seed"):
        _, printed = cli("validate", bundle, "--static-only", "--format", form)
        assert len(printed) > 200
        assert leaks(printed) == set(), form
    for words in (
        ["runs", "ls"], ["runs", "show", "last"], ["runs", "show", "last", "--verdict", "1"],
        ["blame", "last", "src/train.py"], ["blame", "last", "src/train.py:130"],
        ["resume", "last"], ["replay", "last"], ["verify", "last"],
    ):  # fmt: skip
        _, printed = cli(*words, "--runs-dir", folder.parent)
        assert printed
        assert leaks(printed) == set(), words


def test_nothing_in_the_report_and_the_exports(
    run: tuple[Path, Path, bytes], tmp_path: Path
) -> None:
    _, folder, _ = run
    assert cli("report", folder, "-o", tmp_path / "report.html")[0] == 0
    assert leaks((tmp_path / "report.html").read_bytes()) == set()
    for name, export in exports().items():
        more = ["--content"] if "content" in export.TAKES else []
        more += ["--checkout", tmp_path / name] if "checkout" in export.TAKES else []
        code, printed = cli("export", folder, "--to", name, *more)
        assert (code, leaks(printed)) == (0, set()), name
    for path in tmp_path.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert leaks(content + str(path).encode()) == set(), path


def test_the_record_holds_and_says_what_it_does_not_keep(run: tuple[Path, Path, bytes]) -> None:
    _, folder, _ = run
    assert verify(folder).level == "sealed"
    history = History(Reader(folder))
    with pytest.raises(TraceError, match="held a secret"):
        history.reader.tree(history.input_tree)
    shown = history.reader.tree(history.input_tree, allow_redacted=True)
    assert {path for path in shown if "[REDACTED:" in path} == {
        "src/[REDACTED:github-token#1].py",
        "src/[REDACTED:huggingface-token#1].py",
        "config/[REDACTED:slack-token#1].yaml",
        "src/[REDACTED:npm-token#1]/data.py",
    }
