"""A recorded run in the form that the loop writes, made with the real writer and real values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from ohgw_agent.chat_model import Message, Question, Reply
from ohgw_agent.trace.redaction import Redactor
from ohgw_agent.trace.run import Run
from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.bundles import bundle_file
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Patch, ReplaceText
from ohgw_tools.finding import Evidence, Finding, Region, numbered
from ohgw_tools.tree import Tree
from ohgw_tools.verdict import Judgement, Verdict

MODEL = "scripted-model"

BASE = Tree({"src/train.py": "def train():\n    return 0\n", "src/data.py": "PLACEHOLDER = 1\n"})
DERIVED = Tree(
    {
        "src/train.py": "import os\n\n\ndef train():\n    # TODO one\n    return 0\n",
        "src/data.py": "# TODO two\nx = 1\n# TODO three\ny = 2\n",
        "config/smoke_test.yaml": "runs:\n  - run_id: a\n",
    }
)


def sample_bundle() -> Bundle:
    experiment = Experiment(id="exp-sample", description="A small one.", run_variations=("a",))
    return Bundle(base=BASE, derived=DERIVED, experiment=experiment)


def todo_findings(tree: Tree) -> tuple[Finding, ...]:
    """A stand-in for the static judge: each TODO line is a finding."""
    found = []
    for path, content in tree.items():
        for line, words in enumerate(content.splitlines(), 1):
            if "TODO" in words:
                region = Region(start_line=line, end_line=line, end_column=len(words) + 1)
                evidence = Evidence(kind="source", path=path, region=region, quote=words)
                found.append(
                    Finding(
                        rule="todo-left",
                        criterion="replacement",
                        kind="incomplete-replacement",
                        severity="error",
                        message=f"{words.strip()} is still to be done",
                        path=path,
                        region=region,
                        subject=words.strip(),
                        evidence=(evidence,),
                    )
                )
    return numbered(found)


def edit_away(path: str, word: str, replacement: str, answers: tuple[str, ...]) -> Patch:
    edit = ReplaceText(path=path, search=word, replace=replacement)
    return Patch(edits=(edit,), answers=answers, note=f"do {word}", origin=f"chat:{MODEL}")


def apply_texts(tree: Tree, patch: Patch) -> Tree:
    for edit in patch.edits:
        assert isinstance(edit, ReplaceText)
        assert tree[edit.path].count(edit.search) == 1
        tree = tree.with_file(edit.path, tree[edit.path].replace(edit.search, edit.replace))
    return tree


def as_bytes(value: object) -> bytes:
    dumped = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
    return json.dumps(dumped, sort_keys=True).encode()


@dataclass
class Recorder:
    """Writes what the loop writes, in its order."""

    run: Run
    tree: Tree
    best: Judgement | None = None
    attempts: int = 0
    log: str = "epoch 1 loss 0.5\n"
    trees: list[Tree] = field(default_factory=list)

    def verdict(self, said: Verdict, tree: Tree) -> int:
        severities = [f.severity for f in said.findings]
        rules: dict[str, int] = {}
        for finding in said.errors:
            rules[finding.rule] = rules.get(finding.rule, 0) + 1
        data = {
            "attempt": self.attempts,
            "stage": said.stage,
            "tree": tree.digest,
            "judged": f"{said.stage} {tree.digest}",
            "status": said.status,
            "verdict_blob": as_bytes(said),
            "counts": {s: severities.count(s) for s in ("error", "warning", "info")},
            "rules": rules,
            "reason": said.reason,
            "blobs": dict(said.blobs),
        }
        return self.run.append("verdict", data, step=f"{self.attempts}/{said.stage}").seq

    def judge(self, tree: Tree, parent: Tree | None) -> Judgement:
        verdicts = []
        if self.attempts:
            verdicts.append(Verdict(stage="patch", status="pass"))
        static = Verdict.of("static", todo_findings(tree))
        verdicts.append(static)
        if static.status == "pass":
            blobs = {"stdout": self.log.encode()}
            verdicts.append(Verdict.of("sandbox", (), {"wall_ms": 1200}, blobs))
        for said in verdicts:
            self.verdict(said, tree)
        judgement = Judgement(tree=tree.digest, verdicts=tuple(verdicts))
        self.attempt(judgement, parent)
        return judgement

    def attempt(self, judgement: Judgement, parent: Tree | None) -> None:
        before = {f.fingerprint for f in self.best.errors} if self.best else set()
        now = {f.fingerprint for f in judgement.errors}
        refused = any(
            said.stage == "patch" and said.status == "fail" for said in judgement.verdicts
        )
        best = not refused and (self.best is None or len(now) < len(before) or judgement.ready)
        data = {
            "attempt": self.attempts,
            "tree": judgement.tree,
            "parent": None if parent is None else parent.digest,
            "status": judgement.status,
            "errors": sorted(now),
            "fixed": sorted(before - now),
            "new": sorted(now - before),
            "kept": sorted(before & now),
            "best": best,
        }
        self.run.append("attempt", data, step=f"{self.attempts}/attempt")
        if best:
            self.best = judgement

    def ask(self, words: str, answer: str) -> None:
        question = Question(purpose="propose", messages=(Message(role="user", text=words),))
        key = question.key(MODEL)
        if self.run.find("model.reply", "key", key) is not None:
            return
        request = {"key": key, "purpose": "propose", "model": MODEL}
        asked = self.run.append("model.request", {**request, "prompt_blob": as_bytes(question)})
        reply = Reply(
            text=answer, model=MODEL, finish="stop", input_tokens=1000, output_tokens=50,
            cost_micro_usd=1234, latency_ms=800,
        )  # fmt: skip
        data = {
            "key": key,
            "model": MODEL,
            "reply_blob": as_bytes(reply),
            "input_tokens": 1000,
            "output_tokens": 50,
            "micro_usd": 1234,
            "latency_ms": 800,
            "finish": "stop",
        }
        self.run.append("model.reply", data, actor=f"model:{MODEL}", cause=(asked.seq,))

    def patch(self, patch: Patch) -> None:
        """Record a patch that applies, and judge what it makes."""
        self.attempts += 1
        base = self.tree
        result = apply_texts(base, patch)
        data = {
            "attempt": self.attempts,
            "patch_blob": as_bytes(patch),
            "base_tree": base,
            "result_tree": result,
            "origin": patch.origin,
            "answers": list(patch.answers),
            "edits": len(patch.edits),
            "refusals": [],
        }
        self.run.append("patch", data, step=f"{self.attempts}/patch", actor=f"model:{MODEL}")
        self.judge(result, base)
        assert self.best is not None
        if self.best.tree == result.digest:
            self.tree = result
            self.trees.append(result)

    def refused(self, patch: Patch, message: str) -> None:
        """Record a patch that does not apply."""
        self.attempts += 1
        data = {
            "attempt": self.attempts,
            "patch_blob": as_bytes(patch),
            "base_tree": self.tree,
            "result_tree": None,
            "origin": patch.origin,
            "answers": list(patch.answers),
            "edits": len(patch.edits),
            "refusals": [{"code": "no-match", "message": message, "path": patch.edits[0].path}],
        }
        self.run.append("patch", data, step=f"{self.attempts}/patch", actor=f"model:{MODEL}")
        finding = Finding(
            rule="patch-no-match",
            criterion="patch",
            kind="not-executable",
            severity="error",
            message=message,
            path=patch.edits[0].path,
            subject=message,
        )
        said = Verdict.of("patch", (finding,))
        self.verdict(said, self.tree)
        self.attempt(Judgement(tree=self.tree.digest, verdicts=(said,)), self.tree)


def start_data(bundle: Bundle) -> dict[str, object]:
    contract = Contract.load("base-derived")
    return {
        "tool": "ohgw-agent",
        "version": "0.1.0",
        "experiment": bundle.experiment.id,
        "bundle": {
            "digest": bundle.digest,
            "base_tree": bundle.base,
            "derived_tree": bundle.derived,
            "rest_blob": bundle_file.dumps(bundle).encode(),
        },
        "contract": {
            "name": contract.name,
            "version": contract.version,
            "contract_blob": as_bytes(contract),
        },
        "rules_digest": "0" * 64,
        "required": ["static", "sandbox"],
        "budget": {"attempts": 10, "ms": 3600000, "tokens": None, "micro_usd": None,
                   "sandbox_ms": None, "calls": None},
        "sandbox": "bubblewrap",
        "proposers": ["auto"],
        "models": [MODEL],
        "python": "3.11.7",
        "platform": "Linux",
        "label": "",
        "external_tracing": False,
    }  # fmt: skip


def prints(tree: Tree, word: str) -> tuple[str, ...]:
    return tuple(f.fingerprint for f in todo_findings(tree) if word in f.subject)


def record_rounds(recorder: Recorder) -> None:
    """Judge the input, then four attempts: mended, refused, mended, ready."""
    recorder.judge(recorder.tree, None)
    recorder.ask("mend one", "done")
    one = prints(recorder.tree, "one")
    recorder.patch(edit_away("src/train.py", "    # TODO one", "    os.getcwd()\n    # ok", one))
    nothing = edit_away("src/data.py", "# TODO nine", "z = 3", ())
    recorder.refused(nothing, "the text is not in the file")
    recorder.ask("mend two", "done")
    two = prints(recorder.tree, "two")
    recorder.patch(edit_away("src/data.py", "# TODO two\n", "import os\n", two))
    recorder.ask("mend three", "done")
    recorder.patch(edit_away("src/data.py", "# TODO three", "z = 3\nw = 4", ()))


def finish(recorder: Recorder) -> str:
    """Account for what was spent, seal, and return the head."""
    spend = {"attempts": recorder.attempts, "elapsed_ms": 0, "input_tokens": 3000,
             "output_tokens": 150, "micro_usd": 3702, "sandbox_ms": 1200, "calls": 3}  # fmt: skip
    recorder.run.append("budget", {"spend": spend})
    data = {
        "stop": "ready",
        "message": "every required stage passed",
        "best_tree": recorder.tree,
        "best_attempt": recorder.attempts,
        "spend": spend,
    }
    return recorder.run.seal("ready", data).head


def sample(runs_dir: Path, redactor: Redactor | None = None) -> Path:
    """Record a whole run and return its folder."""
    bundle = sample_bundle()
    with Run.create(runs_dir, start_data(bundle), redactor=redactor or Redactor()) as run:
        recorder = Recorder(run, bundle.derived)
        record_rounds(recorder)
        finish(recorder)
        return run.folder
