"""Slips written by hand: definitions, keys, new files, diffs, and traps for guessers."""

# ruff: noqa: E501  (quoted answers keep their lines)
from __future__ import annotations

from slip_corpus import Slip, block

from ohgw_tools.tree import Tree

PY = '''\
"""Loaders."""
import os


def load(name, size=10):
    """Load."""
    if name == "a":
        return [1] * size
    raise ValueError(name)


class Net:
    """A net."""

    def forward(self, x):
        return x + 1

    def backward(self, x):
        return x - 1


class Other:
    def forward(self, x):
        return x


if os.environ.get("DEBUG"):

    def debug():
        return 1
else:

    def debug():
        return 2


if __name__ == "__main__":
    load("a")
'''
YAML = """\
# Head.
defaults: &defaults
  lr: 0.1
  epochs: 10
runs:
  - run_id: one
    training:
      epochs: 10
      lr: 0.1
  - run_id: two
    training: {epochs: 10, lr: 0.1}
  - run_id: three
    training: *defaults
empty:
"""
TOML = '[project]\nname = "x"\ndependencies = [\n    "numpy",\n]\n'
FILES = Tree(
    {
        "src/data.py": PY,
        "src/tools/data.py": "X = 1\n",
        "src/net.py": "LAYERS = 1\n",
        "config/full.yaml": YAML,
        "pyproject.toml": TOML,
    }
)


def after(path: str, old: str, new: str) -> Tree:
    assert FILES[path].count(old) == 1, old
    return FILES.with_file(path, FILES[path].replace(old, new))


LOAD = PY[PY.index("def load") : PY.index("class Net")].rstrip() + "\n"
NEW_LOAD = LOAD.replace("[1] * size", "[2] * size")
LOADED = after("src/data.py", "[1] * size", "[2] * size")
NEW_FORWARD = "def forward(self, x):\n    return x + 2\n"
FORWARD = after("src/data.py", "x + 1", "x + 2")
FIVE = after("config/full.yaml", "      epochs: 10\n      lr", "      epochs: 5\n      lr")


def fenced(command: str, code: str, language: str = "python") -> str:
    return f"{command}\n```{language}\n{code}```\n"


def good(name: str, answer: str, wanted: Tree) -> Slip:
    return Slip(name, answer, FILES, wanted)


def bad(name: str, answer: str, *codes: str) -> Slip:
    return Slip(name, answer, FILES, None, codes)


def _indent(code: str) -> str:
    return "".join(f"    {line}" if line.strip() else line for line in code.splitlines(True))


DEFINITIONS = [
    good("definition", fenced("REPLACE DEFINITION src/data.py load", NEW_LOAD), LOADED),
    good("def in the name", fenced("REPLACE DEFINITION src/data.py def load", NEW_LOAD), LOADED),
    good("parentheses", fenced("REPLACE DEFINITION src/data.py load()", NEW_LOAD), LOADED),
    good("name in backticks", fenced("REPLACE DEFINITION `src/data.py` `load`", NEW_LOAD), LOADED),
    good("heading", fenced("### REPLACE DEFINITION src/data.py load", NEW_LOAD), LOADED),
    good("bold", fenced("**REPLACE DEFINITION src/data.py load**", NEW_LOAD), LOADED),
    good("colon", fenced("REPLACE DEFINITION: src/data.py load", NEW_LOAD), LOADED),
    good(
        "module in the name",
        fenced("REPLACE DEFINITION src/data.py src.data.load", NEW_LOAD),
        LOADED,
    ),
    good("indented code", fenced("REPLACE DEFINITION src/data.py load", _indent(NEW_LOAD)), LOADED),
    good(
        "blank line before the fence",
        f"REPLACE DEFINITION src/data.py load\n\n```\n{NEW_LOAD}```\n",
        LOADED,
    ),
    good(
        "longer fence", f"REPLACE DEFINITION src/data.py load\n````python\n{NEW_LOAD}````\n", LOADED
    ),
    good(
        "all in a fence",
        f"```\n{fenced('REPLACE DEFINITION src/data.py load', NEW_LOAD)}```\n",
        LOADED,
    ),
    good("member", fenced("REPLACE DEFINITION src/data.py Net.forward", NEW_FORWARD), FORWARD),
    good(
        "member, indented",
        fenced("REPLACE DEFINITION src/data.py Net.forward", _indent(NEW_FORWARD)),
        FORWARD,
    ),
    good(
        "member in its class",
        fenced("REPLACE DEFINITION src/data.py Net.forward", f"class Net:\n{_indent(NEW_FORWARD)}"),
        FORWARD,
    ),
    good(
        "member by colons",
        fenced("REPLACE DEFINITION src/data.py Net::forward", NEW_FORWARD),
        FORWARD,
    ),
    good(
        "bare member that is the only one",
        fenced(
            "REPLACE DEFINITION src/data.py backward", "def backward(self, x):\n    return x - 2\n"
        ),
        after("src/data.py", "x - 1", "x - 2"),
    ),
    good(
        "import on top",
        fenced("REPLACE DEFINITION src/data.py load", f"import math\n\n{NEW_LOAD}"),
        LOADED.with_file(
            "src/data.py", LOADED["src/data.py"].replace("import os\n", "import os\nimport math\n")
        ),
    ),
    good(
        "CRLF code",
        fenced("REPLACE DEFINITION src/data.py load", NEW_LOAD).replace("\n", "\r\n"),
        LOADED,
    ),
    good(
        "insert after",
        fenced("INSERT DEFINITION src/data.py AFTER load", "def g():\n    return 1\n"),
        after("src/data.py", "\n\nclass Net:", "\n\ndef g():\n    return 1\n\n\nclass Net:"),
    ),
    good(
        "insert before, lower case",
        fenced("INSERT DEFINITION src/data.py before Other", "def g():\n    return 1\n"),
        after("src/data.py", "\n\nclass Other:", "\n\ndef g():\n    return 1\n\n\nclass Other:"),
    ),
    good(
        "insert at the end",
        fenced("INSERT DEFINITION src/data.py", "def g():\n    return 1\n"),
        after("src/data.py", "\n\nif __name__", "\n\ndef g():\n    return 1\n\n\nif __name__"),
    ),
    bad(
        "unknown name",
        fenced("REPLACE DEFINITION src/data.py lod", "def lod():\n    return 1\n"),
        "unknown-definition",
    ),
    bad(
        "two members of that name",
        fenced("REPLACE DEFINITION src/data.py forward", NEW_FORWARD),
        "ambiguous",
    ),
    bad(
        "two definitions",
        fenced("REPLACE DEFINITION src/data.py debug", "def debug():\n    return 3\n"),
        "ambiguous",
    ),
    bad(
        "another name in the code",
        fenced("REPLACE DEFINITION src/data.py load", NEW_LOAD.replace("load", "fetch")),
        "bad-code",
    ),
    bad(
        "two statements",
        fenced("REPLACE DEFINITION src/data.py load", f"{NEW_LOAD}\n\nX = 1\n"),
        "bad-code",
    ),
    bad(
        "code that does not parse",
        fenced("REPLACE DEFINITION src/data.py load", "def load(:\n    return 1\n"),
        "does-not-parse",
    ),
    bad(
        "code cut off",
        f"REPLACE DEFINITION src/data.py load\n```python\n{NEW_LOAD[:60]}",
        "cut-off",
    ),
    bad("no code", "REPLACE DEFINITION src/data.py load\n", "cut-off"),
    bad(
        "prose in place of code",
        "REPLACE DEFINITION src/data.py load\nas described above.\n",
        "unreadable",
    ),
    bad(
        "lazy body",
        fenced("REPLACE DEFINITION src/data.py load", "def load(name, size=10):\n    ...\n"),
        "lazy-text",
    ),
    bad(
        "lazy comment",
        fenced(
            "REPLACE DEFINITION src/data.py load",
            "def load(name, size=10):\n    # ... existing code ...\n    return []\n",
        ),
        "lazy-text",
    ),
    bad("inserted twice", fenced("INSERT DEFINITION src/data.py AFTER Net", NEW_LOAD), "bad-code"),
    bad(
        "definition in YAML",
        fenced("REPLACE DEFINITION config/full.yaml load", NEW_LOAD),
        "bad-code",
    ),
    bad("no name", fenced("REPLACE DEFINITION src/data.py", NEW_LOAD), "unreadable"),
    bad(
        "class for a member of another",
        fenced(
            "REPLACE DEFINITION src/data.py Net.forward", f"class Other:\n{_indent(NEW_FORWARD)}"
        ),
        "bad-code",
    ),
    bad("remove the unknown", "REMOVE DEFINITION src/data.py nothing", "unknown-definition"),
]
KEYS = [
    good("key", "SET KEY config/full.yaml runs[0].training.epochs = 5", FIVE),
    good(
        "key, fenced value",
        fenced("SET KEY config/full.yaml runs[0].training.epochs", "5\n", "yaml"),
        FIVE,
    ),
    good("item by id", "SET KEY config/full.yaml runs[one].training.epochs = 5", FIVE),
    good(
        "item by key and id", "SET KEY config/full.yaml runs[run_id=one].training.epochs = 5", FIVE
    ),
    good("item by quoted id", 'SET KEY config/full.yaml runs["one"].training.epochs = 5', FIVE),
    good("key by file name", "SET KEY full.yaml runs[0].training.epochs = 5", FIVE),
    good("key in backticks", "- `SET KEY config/full.yaml runs[0].training.epochs = 5`", FIVE),
    good(
        "flow mapping",
        "SET KEY config/full.yaml runs[1].training.epochs = 5",
        after("config/full.yaml", "{epochs: 10", "{epochs: 5"),
    ),
    good(
        "new key",
        "SET KEY config/full.yaml runs[0].seed = 3",
        after(
            "config/full.yaml",
            "      epochs: 10\n      lr: 0.1\n",
            "      epochs: 10\n      lr: 0.1\n    seed: 3\n",
        ),
    ),
    good(
        "exponent",
        "SET KEY config/full.yaml runs[1].training.lr = 1e-3",
        after("config/full.yaml", "lr: 0.1}", "lr: 0.001}"),
    ),
    good(
        "append",
        "APPEND ITEM pyproject.toml project.dependencies = pyyaml>=6",
        after("pyproject.toml", '    "numpy",\n', '    "numpy",\n    "pyyaml>=6",\n'),
    ),
    good(
        "alias replaced",
        "SET KEY config/full.yaml runs[2].training = 1",
        after("config/full.yaml", "training: *defaults", "training: 1"),
    ),
    good(
        "remove",
        "REMOVE KEY config/full.yaml runs[0].training.lr",
        after("config/full.yaml", "      lr: 0.1\n", ""),
    ),
    bad(
        "through an alias",
        "SET KEY config/full.yaml runs[2].training.epochs = 5",
        "yaml-changed-more",
    ),
    bad("the anchor itself", "SET KEY config/full.yaml defaults.lr = 0.2", "yaml-changed-more"),
    bad("no such item", "SET KEY config/full.yaml runs[9].seed = 1", "unknown-key"),
    bad("no such id", "SET KEY config/full.yaml runs[four].seed = 1", "unknown-key"),
    bad("below a number", "SET KEY config/full.yaml runs[0].training.epochs.x = 1", "unknown-key"),
    bad("remove the unknown key", "REMOVE KEY config/full.yaml runs[0].nothing", "unknown-key"),
    bad("append to a mapping", "APPEND ITEM config/full.yaml defaults = 1", "unknown-key"),
    bad("value that is not YAML", "SET KEY config/full.yaml runs[0].seed = [1,", "bad-code"),
    bad("null in TOML", "SET KEY pyproject.toml project.name = null", "bad-code"),
    bad("key in Python", "SET KEY src/data.py load = 1", "bad-code"),
    bad("no key", "SET KEY config/full.yaml", "cut-off"),
    bad("no key, a value", "SET KEY config/full.yaml = 1", "unreadable"),
    bad("same value", "SET KEY config/full.yaml runs[0].training.epochs = 10", "no-change"),
]
OTHERS = [
    good(
        "new file",
        fenced("NEW FILE src/new.py", "Y = 1\n"),
        FILES.with_file("src/new.py", "Y = 1\n"),
    ),
    good(
        "new file, fenced twice",
        "NEW FILE src/new.py\n````\n```python\nY = 1\n```\n````\n",
        FILES.with_file("src/new.py", "Y = 1\n"),
    ),
    good(
        "new file by diff",
        "--- /dev/null\n+++ b/src/new.py\n@@ -0,0 +1 @@\n+Y = 1\n",
        FILES.with_file("src/new.py", "Y = 1\n"),
    ),
    good(
        "import on one line",
        "ADD IMPORT src/net.py import os",
        FILES.with_file("src/net.py", "import os\n\nLAYERS = 1\n"),
    ),
    good(
        "import with a colon",
        "ADD IMPORT src/net.py: import os",
        FILES.with_file("src/net.py", "import os\n\nLAYERS = 1\n"),
    ),
    good(
        "import there already, and more",
        fenced("ADD IMPORT src/data.py", "import os\nimport sys\n"),
        after("src/data.py", "import os\n", "import os\nimport sys\n"),
    ),
    good(
        "two blocks under one path",
        block("src/data.py", "        return [1] * size\n", "        return [3] * size\n")
        + block("", "        return x - 1\n", "        return x - 3\n").removeprefix("FILE: \n"),
        after("src/data.py", "[1] * size", "[3] * size").with_file(
            "src/data.py", PY.replace("[1] * size", "[3] * size").replace("x - 1", "x - 3")
        ),
    ),
    good(
        "deleting lines",
        block(
            "src/data.py", "    def backward(self, x):\n        return x - 1\n\n\nclass Other", ""
        )
        .replace("class Other=======", "class Other:\n=======")
        .replace("=======\n>>>", "=======\nclass Other:\n>>>"),
        after(
            "src/data.py",
            "    def backward(self, x):\n        return x - 1\n\n\nclass Other:",
            "class Other:",
        ),
    ),
    bad("a file that exists", fenced("NEW FILE src/net.py", "LAYERS = 2\n"), "file-exists"),
    bad(
        "a file that exists but for case",
        fenced("NEW FILE src/NET.py", "LAYERS = 2\n"),
        "file-exists",
    ),
    bad("a file below a file", fenced("NEW FILE src/net.py/x.py", "LAYERS = 2\n"), "file-exists"),
    bad("a file outside", fenced("NEW FILE ../evil.py", "X = 2\n"), "outside-bundle"),
    bad("an absolute file", fenced("NEW FILE /etc/cron.d/x", "X = 2\n"), "outside-bundle"),
    bad("an active folder", fenced("NEW FILE .git/hooks/post-commit", "X = 2\n"), "outside-bundle"),
    bad("new file cut off", "NEW FILE src/new.py\n```python\nY = 1\n", "cut-off"),
    bad(
        "new file that does not parse", fenced("NEW FILE src/new.py", "def f(:\n"), "does-not-parse"
    ),
    bad(
        "new YAML that does not parse",
        fenced("NEW FILE config/x.yaml", "a: [1,\n"),
        "does-not-parse",
    ),
    bad(
        "new file with the rest left out",
        fenced("NEW FILE src/new.py", "Y = 1\n# ... rest of the file unchanged\n"),
        "lazy-text",
    ),
    bad("unchanged marker", fenced("NEW FILE src/new.py", "# [UNCHANGED]\n"), "lazy-text"),
    bad("two files of that name", block("data.py", "X = 1\n", "X = 2\n"), "ambiguous"),
    bad(
        "part of a number",
        '{"edits": [{"op": "replace-text", "path": "config/full.yaml", "search": "{epochs: 1", "replace": "{epochs: 2"}]}',
        "no-match",
    ),
    bad(
        "part of a name",
        '{"edits": [{"op": "replace-text", "path": "src/net.py", "search": "LAYER", "replace": "WIDTH"}]}',
        "no-match",
    ),
    bad("empty old text", block("src/net.py", "", "X = 1\n"), "bad-code"),
    bad("blank old text", block("src/net.py", "\n\n", "X = 1\n"), "bad-code"),
    bad(
        "the right text, the wrong file",
        block("src/net.py", "        return x - 1\n", "        return x - 2\n"),
        "no-match",
    ),
    bad(
        "uneven indentation",
        block(
            "src/data.py", 'def load(name, size=10):\n  """Load."""\n      if name == "a":\n', "x\n"
        ),
        "no-match",
    ),
    bad(
        "breaks the syntax",
        block("src/data.py", "        return [1] * size\n", "        return [1 * size\n"),
        "does-not-parse",
    ),
    bad(
        "whole file without a command", "### src/net.py\n```python\nLAYERS = 2\n```\n", "unreadable"
    ),
    bad("unknown command", "DELETE FILE src/net.py\n```\n```\n", "unreadable"),
    bad("prose alone", "The code is fine as it is.", "unreadable"),
    bad("nothing", "", "unreadable"),
    bad(
        "JSON that is cut off",
        '{"edits": [{"op": "replace-text", "path": "src/net.py", "sea',
        "unreadable",
    ),
    bad(
        "JSON off the schema", '{"edits": [{"op": "rewrite", "path": "src/net.py"}]}', "unreadable"
    ),
    bad("JSON without edits", '{"edits": []}', "unreadable"),
    bad(
        "diff that deletes a file",
        "--- a/src/net.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-LAYERS = 1\n",
        "unreadable",
    ),
    bad("diff without a hunk", "--- a/src/net.py\n+++ b/src/net.py\n", "unreadable"),
    bad(
        "diff without context",
        "--- a/src/net.py\n+++ b/src/net.py\n@@ -5 +5 @@\n+X = 1\n",
        "unreadable",
    ),
    bad("not an import", "ADD IMPORT src/net.py: print(1)", "bad-code", "unreadable", "cut-off"),
    bad("import and more", fenced("ADD IMPORT src/net.py", "import os\nX = 1\n"), "bad-code"),
    bad(
        "one bad import among good blocks",
        block("src/net.py", "LAYERS = 1\n", "LAYERS = 2\n")
        + fenced("ADD IMPORT src/net.py", "import\n"),
        "bad-code",
    ),
    bad(
        "a closing marker alone",
        "FILE: src/net.py\nLAYERS = 1\n=======\nLAYERS = 2\n>>>>>>> REPLACE\n",
        "unreadable",
    ),
]
HAND_WRITTEN = [*DEFINITIONS, *KEYS, *OTHERS]
