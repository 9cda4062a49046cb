"""One two-file repair with a canned right reply: what it costs here and in aider, in the same run.

    python -m venv /tmp/aider && /tmp/aider/bin/pip install aider-chat
    python bench/chat/two_file_repair.py --aider /tmp/aider/bin/aider [--rounds 3]

Two files of 1,300 characters hold one defect each; a check program fails until both are mended. The
model is a server on loopback that answers at once, so that only the frame is measured. Each side
ends by running the check: ours in its sandbox before and after, aider's by --auto-test. Prints CPU
seconds (user and system, with all children; the smallest of the rounds), model calls, characters
sent and whether the check passes, and each as a ratio to aider's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "chat"))

from scripted_server import Request, Say, ScriptedServer  # noqa: E402
from test_chat_proposer import MEAN, REPAIR, SPLIT  # noqa: E402

CHECK = '''"""Fails unless splitting and averaging are right."""

from src.mean import mean, summary
from src.split import split


def main():
    assert split([1, 2, 3, 4], 0.5) == ([1, 2], [3, 4])
    assert mean([2, 4]) == 3
    assert summary([1, 2, 3], 2)["mean"] == 2


if __name__ == "__main__":
    main()
'''
CONTRACT = """name: two-files
has_base: false
criteria: {correct: {title: The check passes}}
files: [src/split.py, src/mean.py, src/check.py]
smoke: {argv: [python, -m, src.check], limits: {wall_seconds: 60}}
full: {argv: [python, -m, src.check]}
artifacts: {results: null, figures: null}
variations: {}
"""
FILES = {"src/split.py": SPLIT, "src/mean.py": MEAN, "src/check.py": CHECK}


def aiders_reply() -> str:
    """The same repair in the form that aider asks for."""
    text = REPAIR.split("\n\n", 1)[1].replace("FILE: ", "")
    lines = []
    for line in text.splitlines():
        if line.startswith("src/"):
            lines += [line, "```python"]
        else:
            lines.append(line)
            if line.startswith(">>>>>>>"):
                lines.append("```")
    return "\n".join(lines) + "\n"


def ours(folder: Path, url: str, _: str) -> bool:
    """Run `ohgw-agent fix` on the bundle; say whether it ended ready."""
    bundle = {"experiment": {"id": "two-files", "description": "", "run_variations": []}}
    path, contract = folder / "bundle.json", folder / "contract.yaml"
    path.write_text(json.dumps({**bundle, "base": {}, "derived": FILES}))
    contract.write_text(CONTRACT)
    command = [sys.executable, "-m", "ohgw_agent", "fix", str(path), "--contract", str(contract)]
    command += ["--base-url", url, "--model", "m", "--no-review", "--python", sys.executable]
    command += ["--sandbox", "bubblewrap", "--no-observe", "--runs-dir", str(folder / "runs"), "-q"]
    return subprocess.run(command, stdout=subprocess.DEVNULL, cwd=folder).returncode == 0


def aider(folder: Path, url: str, program: str) -> bool:
    """Run aider on the files; say whether the check passes afterwards."""
    for path, text in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    # aider runs it in the folder that its files have in common.
    test = f"cd {folder} && {sys.executable} -m src.check"
    command = [program, "--model", "openai/m", "--openai-api-base", url, "--openai-api-key", "k"]
    command += ["--edit-format", "diff", "--no-git", "--yes-always", "--no-check-update"]
    command += ["--no-show-model-warnings", "--no-analytics", "--no-auto-lint", "--auto-test"]
    command += ["--map-tokens", "0", "--test-cmd", test, "--message"]
    command += ["split returns the same part twice; mean([2, 4]) is 2, not 3"]
    command += ["src/split.py", "src/mean.py"]
    environment = {**os.environ, "HOME": str(folder)}
    subprocess.run(command, stdout=subprocess.DEVNULL, cwd=folder, env=environment, timeout=300)
    done = subprocess.run([sys.executable, "-m", "src.check"], cwd=folder, capture_output=True)
    return done.returncode == 0


def measured(
    run: Callable[[Path, str, str], bool], reply: str, program: str
) -> tuple[float, int, int, bool]:
    """CPU seconds, calls, characters sent, and whether the check passed at the end."""
    seen: list[Request] = []

    def answer(request: Request) -> Say:
        seen.append(request)
        return Say(reply)

    with tempfile.TemporaryDirectory() as folder, ScriptedServer(answer) as server:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        passed = run(Path(folder), server.url, program)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, len(seen), sum(len(request.text) for request in seen), passed


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--aider", help="aider's executable")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    sides = {"ohgw-agent": (ours, REPAIR, "")}
    if arguments.aider:
        sides["aider"] = (aider, aiders_reply(), arguments.aider)
    best: dict[str, tuple[float, int, int, bool]] = {}
    for _ in range(arguments.rounds):
        for name, side in sides.items():
            result = measured(*side)
            best[name] = min(best.get(name, result), result)
    print(f"{'':12} {'CPU s':>7} {'calls':>6} {'chars sent':>11}  check")
    for name, (cpu, calls, sent, passed) in best.items():
        print(f"{name:12} {cpu:7.2f} {calls:6} {sent:11}  {'passes' if passed else 'FAILS'}")
    if "aider" in best:
        pairs = zip(best["ohgw-agent"][:3], best["aider"][:3], strict=True)
        print("ratio to aider: " + "  ".join(f"{a / b:.2f}" for a, b in pairs if b))


if __name__ == "__main__":
    main()
