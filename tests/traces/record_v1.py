"""Record the runs of `tests/traces/v1`: done once, with the release that first wrote version 1.

They are kept as they are for ever: every later release must open, verify, fold, replay and report
them. For a version 2 add a folder and a script beside this one; leave this folder alone.
"""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "trace"))


def main() -> None:
    import sample_run

    from ohgw_agent.repair import fix
    from ohgw_agent.settings import Settings
    from ohgw_agent.trace.erasure import remove
    from ohgw_agent.trace.reader import EVENTS, Reader
    from ohgw_agent.trace.run import Run
    from ohgw_tools.bundles.bundle_file import load

    platform.platform = lambda *_: "Linux"  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as name:
        runs = Path(name) / "runs"
        sample_run.sample(runs)
        pruned = sample_run.sample(runs)
        first = next(iter(Reader(pruned).blobs))
        remove(runs, pruned.name, [first], "to be seen by tests", "a test")
        with Run.create(runs, sample_run.start_data(sample_run.sample_bundle())) as cut:
            bundle = sample_run.sample_bundle()
            secret = "gh" + "p_" + "a1B2" * 9
            sample_run.Recorder(cut, bundle.derived).judge(bundle.derived, None)
            cut.append("note", {"text": f"a secret {secret} was here"}, actor="human")
            cut.append("note", {"text": "long " * 600}, actor="human")
            cut.append("kind.of.the.future", {"anything": [1, None, True]})
        with (cut.folder / EVENTS).open("ab") as file:
            file.write(b'{"actor":"tool","cause":[],"da')
        quickstart = HERE.parents[1] / "examples" / "quickstart.json"
        fix(load(quickstart), Settings(static_only=True), runs_dir=runs)
        keep(runs)


def keep(runs: Path) -> None:
    """Copy what belongs to the record, and nothing that depends on this machine."""
    target = HERE / "v1"
    shutil.rmtree(target, ignore_errors=True)
    ignored = shutil.ignore_patterns("lock", "index.lock", ".gitignore", "delivered.json")
    shutil.copytree(runs, target, ignore=ignored)


if __name__ == "__main__":
    main()
