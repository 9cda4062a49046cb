"""What the repaired seed reads, and that it refuses to run in full without it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import seed_steps


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("seed")
    for path, text in seed_steps.steps()[-1][3].derived.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return folder


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(project / "hf"),
        "OMP_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=800,
    )


@pytest.mark.torch
def test_the_full_experiment_fails_loudly_without_its_data(project):
    done = run(project, "-m", "src.main", "--full-experiment", "--results-dir", "full")
    assert done.returncode != 0
    assert "Give its directory as dataset.local_dir or WIKITEXT_103_DIR" in done.stderr
    assert "PYTHON'S DOCS" not in done.stderr


# The last lines lay what `datasets` leaves in its cache after a download from the hub.
MAKE = """
import glob, json, os, shutil, sys
from datasets import Dataset as D, DatasetDict as DD, load_dataset
out = sys.argv[1]
d = json.load(open(out + "/splits.json"))
for s in d:
    open(f"{out}/text/{s}.txt", "w").write("\\n".join(d[s]))
    D.from_dict({"text": d[s]}).to_parquet(f"{out}/parquet/{s}.parquet")
DD({s: D.from_dict({"text": d[s]}) for s in d}).save_to_disk(f"{out}/save_to_disk")
files = {s: f"{out}/parquet/{s}.parquet" for s in d}
load_dataset("parquet", data_files=files, cache_dir=f"{out}/made")
made = os.path.dirname(glob.glob(f"{out}/made/**/dataset_info.json", recursive=True)[0])
place = f"{os.environ['HF_HOME']}/datasets/Salesforce___wikitext/wikitext-103-raw-v1/0.0.0"
os.makedirs(f"{place}/{'a' * 40}")
for name in os.listdir(made):
    renamed = name.replace("parquet-", "wikitext-")
    shutil.copyfile(f"{made}/{name}", f"{place}/{'a' * 40}/{renamed}")
info = json.load(open(f"{made}/dataset_info.json"))
info.update(config_name="wikitext-103-raw-v1", dataset_name="wikitext")
json.dump(info, open(f"{place}/{'a' * 40}/dataset_info.json", "w"))
"""
PROBE = """
import json, os, sys, yaml
from src import preprocess as pp
cfg = yaml.safe_load(open("config/smoke_test.yaml"))["runs"][3]
cfg["dataset"].pop("offline_fallback")
for form in ("text", "parquet", "save_to_disk", "hub cache"):
    folder = f"{sys.argv[1]}/{form}"
    os.environ["WIKITEXT_103_DIR"] = folder if os.path.isdir(folder) else ""
    pp._TOKEN_CACHE.clear()
    found = {}
    for split in ("train", "val", "test", "ood"):
        loader = pp.get_dataloader(cfg, split=split)
        rows = [loader.dataset[i] for i in range(len(loader.dataset))]
        hit = sum((r["input_ids"] != r["labels"]).sum().item() for r in rows)
        total = sum(r["labels"].numel() for r in rows)
        found[split] = [hit / total, total]
    print(json.dumps([folder, found, pp.DATA_SOURCES]))
"""


@pytest.mark.torch
def test_the_real_dataset_is_read_and_noise_touches_training_inputs_alone(project, tmp_path):
    """As text files, as parquet, as `save_to_disk` writes it, and from the hub's cache."""
    lines = []
    for article in range(60):
        words = [hashlib.sha256(f"{article}-{i}".encode()).hexdigest()[:6] for i in range(200)]
        lines += [
            f" = Title {article} = ",
            *(" ".join(words[i : i + 20]) for i in range(0, 200, 20)),
        ]
    splits = {"train": lines, "validation": lines[:110], "test": lines[:660]}
    for form in ("text", "parquet"):
        (tmp_path / form).mkdir()
    (tmp_path / "splits.json").write_text(json.dumps(splits))
    made = run(project, "-c", MAKE, str(tmp_path))
    assert made.returncode == 0, made.stderr[-2000:]
    done = run(project, "-c", PROBE, str(tmp_path))
    assert done.returncode == 0, done.stderr[-2000:]
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(answers) == 4
    hub = "Salesforce/wikitext/wikitext-103-raw-v1"
    for folder, found, sources in answers:
        assert sources["WIKITEXT_103"] == {
            "source": hub if folder.endswith("hub cache") else folder,
            "is_real_dataset": True,
        }
        assert found["train"][0] == pytest.approx(0.15, abs=0.02)
        assert [found[split][0] for split in ("val", "test", "ood")] == [0, 0, 0]
        assert found == answers[0][1], "every form holds the same text"
