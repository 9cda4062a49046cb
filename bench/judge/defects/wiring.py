"""Defects between files: command lines, result keys, subprocesses, the project file."""

from __future__ import annotations

import random
import re

from defects import defect, replaced, with_file
from ohgw_tools.bundle import Bundle


@defect("command-flag", "certain-crash")
def renamed_flag(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """train.py declares a flag under another name than main.py gives."""
    text = bundle.derived["src/train.py"]
    flags = re.findall(r'add_argument\("(--[a-z-]+)"', text)
    if not flags:
        return None
    flag = rng.choice(flags)
    return replaced(bundle, "src/train.py", f'"{flag}"', f'"{flag}-path"')


@defect("certain-crash", "command-flag")
def dropped_flag(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """train.py no longer declares a flag that main.py gives."""
    text = bundle.derived["src/train.py"]
    lines = re.findall(r'^    parser\.add_argument\("--.*\n', text, re.M)
    return replaced(bundle, "src/train.py", rng.choice(lines), "") if lines else None


@defect("result-key-gap", "certain-crash")
def renamed_result_key(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """train.py writes a result under another key than evaluate.py reads."""
    names = ("history", "final", "best_score", "metric", "curve", "seconds", "records", "best")
    keys = [k for k in names if f'"{k}":' in bundle.derived["src/train.py"]
            and re.search(rf"""\[["']{k}["']\]""", bundle.derived["src/evaluate.py"])]  # fmt: skip
    if not keys:
        return None
    key = rng.choice(keys)
    return replaced(bundle, "src/train.py", f'"{key}":', f'"{key}_value":')


@defect("result-key-gap", "certain-crash")
def renamed_result_read(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """evaluate.py reads a key that train.py never writes."""
    found = re.findall(r"""\[["']([a-z_]+)["']\]""", bundle.derived["src/evaluate.py"])
    key = rng.choice(sorted(set(found)))
    text = re.sub(
        rf"""\[(["']){key}["']\]""", rf"[\1test_{key}\1]", bundle.derived["src/evaluate.py"]
    )
    return with_file(bundle, "src/evaluate.py", text)


@defect("missing-artifact", "result-key-gap", "certain-crash")
def renamed_result_file(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """train.py writes its results to another file than evaluate.py looks for."""
    return replaced(bundle, "src/train.py", '"results.json"', '"metrics.json"')


@defect("certain-crash")
def number_in_command(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A number stands in a subprocess's arguments."""
    return replaced(bundle, "src/main.py", '"-m", "src.train",', '"-m", "src.train", 1,')


@defect("certain-crash")
def wrong_module(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """main.py starts a module that does not exist."""
    return replaced(bundle, "src/main.py", '"src.train"', '"src.training"')


@defect("thread-crash")
def thread_crash(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A thread that drains a pipe dies on its first line."""
    found = replaced(bundle, "src/main.py", "log.write(line.decode())", "log.buffer.write(line)")
    if found is None:
        return None
    return replaced(
        found, "src/main.py", 'open(log_path, "w", encoding="utf-8")', 'open(log_path, "wb")'
    )


@defect("toml-syntax")
def broken_toml(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """The project file does not parse."""
    tail = rng.choice(["dependencies = [\n", "[project\n", "name = experiment\n"])
    return with_file(bundle, "pyproject.toml", bundle.derived["pyproject.toml"] + tail)


@defect("project-metadata", "toml-syntax")
def dependency_table(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """Dependencies are a table, which PEP 621 does not allow."""
    text = bundle.derived["pyproject.toml"]
    names = re.findall(r'^    "([a-z]+)>=', text, re.M)
    table = "[project.dependencies]\n" + "".join(f'{n} = "*"\n' for n in names)
    return with_file(
        bundle, "pyproject.toml", re.sub(r"dependencies = \[.*?\]\n", table, text, flags=re.S)
    )


@defect("requirement-syntax", "project-metadata")
def broken_requirement(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A requirement is no requirement."""
    return replaced(bundle, "pyproject.toml", '"pyyaml>=6.0"', '"pyyaml == >=6.0"')


@defect("undeclared-import", severity="warning")
def dropped_dependency(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A library that the code imports is not declared."""
    names = re.findall(
        r'^    "(matplotlib|torch|pyyaml).*\n', bundle.derived["pyproject.toml"], re.M
    )
    text = re.sub(rf'    "{rng.choice(names)}.*\n', "", bundle.derived["pyproject.toml"])
    return with_file(bundle, "pyproject.toml", text)


@defect("missing-artifact", "lost-feature", "lost-figure")
def dropped_figures(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """No figure is saved any more."""
    trees = bundle
    for path in ("src/train.py", "src/evaluate.py"):
        text = re.sub(r"^.*savefig\(.*\n", "", trees.derived[path], flags=re.M)
        trees = with_file(trees, path, text) or trees
    return trees if trees is not bundle else None


@defect("lost-feature", "lost-definition")
def dropped_checkpoint(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """No checkpoint is written any more."""
    text = re.sub(r"np\.savez\(.*\)", "pass  # kept in memory", bundle.derived["src/train.py"])
    return with_file(bundle, "src/train.py", text)
