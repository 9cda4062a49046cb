"""Runs inside a sandbox, as text: fetches one dataset or model with the environment's own
libraries into `hf/` of the work directory. Never imported by the project.

Arguments: `dataset` or `model`, the name on the hub, and a dataset's configuration or nothing.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

_HOME = Path.cwd() / "hf"
# Other forms of the same weights, which PyTorch does not read.
_OTHER_FORMS = ["*.h5", "*.msgpack", "*.onnx", "*.ot", "*.tflite", "onnx/*", "coreml/*"]


def main() -> None:
    """Fetch, then leave regular files alone: no links, no locks, nothing twice."""
    kind, name, config = sys.argv[1:]
    os.environ["HF_HOME"] = str(_HOME)
    os.environ["HF_HUB_DISABLE_XET"] = "1"
    if kind == "dataset":
        from datasets import load_dataset  # type: ignore[import-not-found,unused-ignore]

        print(load_dataset(name, config or None))
        # What was fetched is prepared now; the originals are not read again.
        shutil.rmtree(_HOME / "hub", ignore_errors=True)
    else:
        print(_model(name))
    _settle(_HOME)


def _model(name: str) -> str:
    from huggingface_hub import (  # type: ignore[import-not-found,unused-ignore]
        HfApi,
        snapshot_download,
    )

    files = HfApi().list_repo_files(name)
    left_out = [*_OTHER_FORMS]
    if any(file.endswith(".safetensors") for file in files):
        left_out += ["*.bin", "*.pt", "*.pth"]
    return str(snapshot_download(name, ignore_patterns=left_out))


def _settle(home: Path) -> None:
    links = [path for path in home.rglob("*") if path.is_symlink()]
    for link in links:
        target = link.resolve()
        link.unlink()
        # Two names of one blob are two files.
        shutil.copyfile(target, link)
    for blobs in home.glob("hub/*/blobs"):
        shutil.rmtree(blobs)
    for path in list(home.rglob("*")):
        if path.name.endswith((".lock", ".incomplete")) and path.is_file():
            path.unlink()
    shutil.rmtree(home / "hub" / ".locks", ignore_errors=True)


if __name__ == "__main__":
    main()
