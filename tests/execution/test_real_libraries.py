"""Datasets, models and training with the libraries themselves: fetched through the proxy from a hub
on this machine, then read offline from the cache, with the observer beside the program.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from local_hub import ADDRESS, local_hub

from ohgw_tools import observe
from ohgw_tools.environments.data_cache import DataCache
from ohgw_tools.environments.data_fetch import RECORD, DataFetcher
from ohgw_tools.environments.interpreter_probe import given as interpreter_of
from ohgw_tools.environments.named_data import given
from ohgw_tools.errors import CouldNotLook
from ohgw_tools.running.staged_run import StagedRun
from ohgw_tools.sandbox import MIB, Limits
from ohgw_tools.sandboxes import bubblewrap

pytestmark = [pytest.mark.torch, pytest.mark.slow, pytest.mark.timeout(600)]

PROGRAM = """
import random, time
import numpy, torch
from datasets import load_dataset
from transformers import AutoConfig, AutoModelForCausalLM
from torchvision.datasets.vision import VisionDataset

random.seed(1); numpy.random.seed(2); torch.manual_seed(3)
rows = load_dataset("acme/letters", split="train")
assert [row["text"] for row in rows] == ["a", "b", "c"]
assert AutoConfig.from_pretrained("acme/tiny").n_layer == 1
try:
    AutoModelForCausalLM.from_pretrained("acme/absent")
except OSError as error:
    print("not cached")
class Digits(VisionDataset): pass
Digits("./data")
weight = torch.nn.Linear(4, 2)
optimizer = torch.optim.AdamW(weight.parameters(), lr=0.02, weight_decay=0.3)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
for _ in range(5):
    optimizer.zero_grad()
    weight(torch.ones(3, 4)).sum().backward()
    optimizer.step()
    schedule.step()
block = torch.ones(60 << 20, dtype=torch.uint8)
open("results.json", "w").write("{}")
"""
# torchvision is not installed beside this PyTorch; its one class that is watched is stood in for.
VISION = {
    "torchvision/__init__.py": b"",
    "torchvision/datasets/__init__.py": b"",
    "torchvision/datasets/vision.py": (
        b"class VisionDataset:\n    def __init__(self, root=None): self.root = root\n"
    ),
}


@pytest.fixture(scope="module")
def interpreter():
    return interpreter_of(sys.executable)


@pytest.fixture(scope="module")
def home(interpreter):
    """A Hugging Face home, fetched from the hub on this machine alone."""
    folder = Path(tempfile.mkdtemp(prefix="ohgw-home-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "ca").mkdir()
    with local_hub(folder / "ca") as hub:
        host = f"{ADDRESS}:{hub.server_address[1]}"
        fetcher = DataFetcher(
            folder / "hf",
            bubblewrap.create(),
            interpreter,
            (host,),
            most_bytes=512 * MIB,
            endpoint=f"https://{host}",
            data=(f"SSL_CERT_DIR={folder / 'ca'}",),
        )
        made = [fetcher.fetch(given("dataset", "acme/letters"))]
        made.append(fetcher.fetch(given("model", "acme/tiny")))
        with pytest.raises(CouldNotLook, match="model acme/absent cannot be fetched"):
            fetcher.fetch(given("model", "acme/absent"))
        asked = list(hub.asked)
    yield folder / "hf", made, host, asked
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def ran(home, interpreter, tmp_path_factory):
    startup = observe.startup_directory(tmp_path_factory.mktemp("cache") / "env")
    staged = StagedRun(
        bubblewrap.create(),
        interpreter,
        {},
        observer=startup,
        data=DataCache([f"HF_HOME={home[0]}"]),
    )
    limits = Limits(wall_seconds=240, memory_bytes=3072 * MIB)
    files = {"main.py": PROGRAM.encode(), **VISION}
    execution, seen = staged.run_observed("smoke", files, ("python", "main.py"), limits)
    assert execution.ok, execution.stderr.text
    return execution, seen


def test_what_was_fetched_is_there_and_on_record(home):
    place, made, host, asked = home
    assert [(item.data.words, item.files > 0) for item in made] == [
        ("dataset acme/letters", True),
        ("model acme/tiny", True),
    ]
    name, _, port = host.partition(":")
    tried = {(row["host"], row["port"]): row["result"] for row in made[0].hosts}
    assert tried.pop((name, int(port))) == "allowed"
    assert set(tried.values()) <= {"refused: not permitted"}
    files = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert any(path.endswith("letters-train.arrow") for path in files)
    assert any(path.endswith("model.safetensors") for path in files)
    assert not any(path.endswith((".bin", ".msgpack", ".lock")) for path in files)
    lines = [json.loads(line) for line in (place / RECORD).read_text().splitlines()]
    assert [line["name"] for line in lines] == ["acme/letters", "acme/tiny"]
    assert set(lines[0]["sha256"]) | set(lines[1]["sha256"]) | {RECORD} == files
    assert not any("flax_model" in line for line in asked)


def test_the_cache_serves_offline_and_is_not_written_to(home, ran):
    execution, _ = ran
    assert "not cached" in execution.stdout.text
    assert set(execution.refused) == set()
    assert not list(home[0].rglob("*.lock"))


def test_datasets_and_models_are_seen(ran):
    _, seen = ran
    assert "datasets:acme/letters:train" in seen.datasets
    assert "torchvision:Digits:./data" in seen.datasets
    assert any("acme/absent" in model for model in seen.models)
    assert any(
        "acme___letters" in path and path.endswith("dataset_info.json") for path in seen.read
    )


def test_training_seeds_files_memory_and_phases_are_seen(ran):
    execution, seen = ran
    assert {"random:1", "numpy.random:2", "torch:3"} <= set(seen.seeds)
    (optimizer,) = seen.optimizers
    assert (optimizer.name, optimizer.steps) == ("AdamW", 5)
    assert optimizer.settings["weight_decay"] == 0.3
    assert optimizer.settings["lr"] == pytest.approx(0.005)
    assert seen.written[-1].endswith("results.json")
    assert {"first_step", "end"} <= set(seen.phases)
    assert seen.phases["first_step"] <= seen.phases["end"]
    assert seen.peak_bytes > 60 * MIB
    assert execution.peak_bytes is not None
    assert seen.doubts == ()
    assert json.dumps(seen.summary())
