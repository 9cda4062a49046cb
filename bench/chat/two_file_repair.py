"""One two-file repair with a canned right reply: what it costs here, in aider and in
mini-swe-agent, in the same run.

    python -m venv /tmp/aider && /tmp/aider/bin/pip install aider-chat
    python -m venv /tmp/mini && /tmp/mini/bin/pip install mini-swe-agent mcp
    python bench/chat/two_file_repair.py --aider /tmp/aider/bin/aider --mini /tmp/mini/bin/mini \
        [--rounds 3]

Two files of 1,300 characters hold one defect each; a check program fails until both are mended. The
model is a server on loopback that answers at once, so that only the frame is measured. Each side
ends by running the check: ours in its sandbox before and after, aider's by --auto-test, mini's in
the same command that mends the files (its best case: it is told where the defects are and looks at
nothing; the second call says that it is done). Prints CPU seconds (user and system, with all
children; the smallest of the rounds), model calls, characters of messages sent and whether the
check passes, and each as a ratio to the others'.
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
# Spares the peers a look for prices on the network, which costs them seconds where there is none.
OFFLINE = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
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
    environment = {**os.environ, **OFFLINE, "HOME": str(folder)}
    subprocess.run(command, stdout=subprocess.DEVNULL, cwd=folder, env=environment, timeout=300)
    done = subprocess.run([sys.executable, "-m", "src.check"], cwd=folder, capture_output=True)
    return done.returncode == 0


MINIS_EDIT = (
    "sed -i 's/samples\\[:cut\\], samples\\[:cut\\]/samples[:cut], samples[cut:]/' src/split.py && "
    "sed -i 's/ \\/ (len(values) + 1)/ \\/ len(values)/' src/mean.py && "
    f"{sys.executable} -m src.check"
)
MINIS_END = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"


def minis_reply(number: int) -> Say:
    """The calls of its shell: the repair with the check, then the end."""
    command = json.dumps({"command": MINIS_EDIT if number == 0 else MINIS_END})
    call = {"id": f"call_{number}", "type": "function"}
    call["function"] = {"name": "bash", "arguments": command}
    return Say("Mending both files.", finish="tool_calls", message={"tool_calls": [call]})


def mini(folder: Path, url: str, program: str) -> bool:
    """Run mini-swe-agent on the files; say whether the check passes afterwards."""
    for path, text in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    task = "split in src/split.py returns the same part twice; mean([2, 4]) in src/mean.py is 2, "
    command = [program, "-m", "openai/m", "-t", task + "not 3", "-y", "--exit-immediately"]
    command += ["-o", str(folder / "trajectory.json"), "-c", "mini.yaml"]
    command += ["-c", f"model.model_kwargs.api_base={url}"]
    own = {"HOME": str(folder), "OPENAI_API_KEY": "k", "MSWEA_CONFIGURED": "true"}
    own |= {"MSWEA_COST_TRACKING": "ignore_errors", "MSWEA_SILENT_STARTUP": "1"}
    own |= {"MSWEA_GLOBAL_CONFIG_DIR": str(folder)}
    environment = {**os.environ, **OFFLINE, **own}
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "cwd": folder}
    quiet["stderr"] = subprocess.DEVNULL
    subprocess.run(command, env=environment, timeout=300, **quiet)
    done = subprocess.run([sys.executable, "-m", "src.check"], cwd=folder, capture_output=True)
    return done.returncode == 0


def measured(
    run: Callable[[Path, str, str], bool], reply: str | None, program: str
) -> tuple[float, int, int, bool]:
    """CPU seconds, calls, characters sent, and whether the check passed at the end."""
    seen: list[Request] = []

    def answer(request: Request) -> Say:
        seen.append(request)
        return Say(reply) if reply is not None else minis_reply(len(seen) - 1)

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
    parser.add_argument("--mini", help="mini-swe-agent's executable")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    sides = {"ohgw-agent": (ours, REPAIR, "")}
    if arguments.aider:
        sides["aider"] = (aider, aiders_reply(), arguments.aider)
    if arguments.mini:
        sides["mini"] = (mini, None, arguments.mini)
    best: dict[str, tuple[float, int, int, bool]] = {}
    for _ in range(arguments.rounds):
        for name, side in sides.items():
            result = measured(*side)
            best[name] = min(best.get(name, result), result)
    print(f"{'':12} {'CPU s':>7} {'calls':>6} {'chars sent':>11}  check")
    for name, (cpu, calls, sent, passed) in best.items():
        print(f"{name:12} {cpu:7.2f} {calls:6} {sent:11}  {'passes' if passed else 'FAILS'}")
    for peer in list(best)[1:]:
        pairs = zip(best["ohgw-agent"][:3], best[peer][:3], strict=True)
        print(f"ratio to {peer}: " + "  ".join(f"{a / b:.2f}" for a, b in pairs if b))


if __name__ == "__main__":
    main()
