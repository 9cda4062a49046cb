"""Syntax: does a file read as what its name says: Python, YAML, TOML or JSON."""

from __future__ import annotations

import json
import tomllib
import warnings

from ohgw_tools.source.python_parse import parse_python

MAX_DEPTH = 100
# Editors that build whole documents (libcst, tomlkit, PyYAML) read no more characters than this.
MAX_EDITED = 1 << 20


def fault_of(path: str, text: str) -> str | None:
    """Say where and why `text` does not read as the language of `path`, or None.

    Files of other kinds have no syntax to check.
    """
    ending = path.rpartition(".")[2].lower()
    reader = {"py": _python, "yaml": _yaml, "yml": _yaml, "toml": _toml, "json": _json}.get(ending)
    return reader(text) if reader else None


def _python(text: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # A byte order mark is no part of the code: Python skips it in files.
            module = parse_python(text.removeprefix("\ufeff"))
            compile(module, "<file>", "exec", dont_inherit=True)
    except SyntaxError as error:
        line = (error.text or "").strip()
        quoted = f": {line[:120]!r}" if line else ""
        return f"line {error.lineno}: {error.msg}{quoted}"
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return f"not Python: {type(error).__name__}: {error}"
    return None


def _yaml(text: str) -> str | None:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Depth first, by events: building a very deep document would overflow the C stack.
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                return f"nested more than {MAX_DEPTH} levels deep"
        yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        return " ".join(str(error).split())[:300]
    except (ValueError, RecursionError, TypeError) as error:
        return f"not YAML: {type(error).__name__}: {error}"
    return None


def _toml(text: str) -> str | None:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        return str(error)
    return None


def _json(text: str) -> str | None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return str(error)
    return None
