"""A correct experiment in another style than recipes write: one process, classes, whole words, a
GRU, a scheduler of its own that is asked and told, and keys with other names."""

from __future__ import annotations

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.tree import Tree

DESCRIPTION = """\
Word-level language modelling on WikiText-2 with a GRU. Scheduler: PASHA, minimum resource = 1
epochs, rungs x2. A one-shot hyper-gradient warm start (eta_h=1e-3) moves log-lr and log-wd.
Run variations:
- pasha-plain: PASHA as it is.
- pasha-warm: with the warm start.
- pasha-warm-noisy: the same while 20% of training tokens are randomly replaced.
Evaluation metrics: validation perplexity, peak memory. Paired Wilcoxon over seeds.
"""
VARIATIONS = ("pasha-plain", "pasha-warm", "pasha-warm-noisy")

PREPROCESS = '''\
from collections import Counter

import torch

HUB = {"wikitext-2": ("Salesforce/wikitext", "wikitext-2-raw-v1")}


def sentences(options, split):
    if options.get("stand_in"):
        from pydoc_data.topics import topics
        texts = [topics[key] for key in sorted(topics)]
        return texts[:40] if split == "train" else texts[40:50]
    from datasets import load_dataset
    path, config = HUB[options["name"]]
    return load_dataset(path, config, split=split)["text"]


class Corpus:
    """Word ids of two splits; rare words are one word."""

    def __init__(self, options, vocabulary):
        words = {split: " ".join(sentences(options, split)).split()
                 for split in ("train", "validation")}
        common = [w for w, _ in Counter(words["train"]).most_common(vocabulary - 1)]
        index = {word: place + 1 for place, word in enumerate(common)}
        self.ids = {split: torch.tensor([index.get(w, 0) for w in found[: options["cap"]]])
                    for split, found in words.items()}
        self.vocabulary = vocabulary

    def batches(self, split, length, rows, order=None):
        ids = self.ids[split]
        blocks = ids[: len(ids) // (length + 1) * (length + 1)].view(-1, length + 1)
        places = torch.arange(len(blocks)) if order is None else order(len(blocks))
        for chosen in places.split(rows):
            yield blocks[chosen, :-1], blocks[chosen, 1:]


class Scrambler:
    """Replaces a share of what the model reads by other words."""

    def __init__(self, share, vocabulary, seed):
        self.share, self.vocabulary = share, vocabulary
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, words):
        hit = torch.rand(words.shape, generator=self.generator) < self.share
        other = torch.randint(self.vocabulary, words.shape, generator=self.generator)
        return torch.where(hit, other, words)
'''

MODEL = '''\
import math

import torch
from torch import nn
from torch.nn.functional import cross_entropy

VARIATIONS = ("pasha-plain", "pasha-warm", "pasha-warm-noisy")


class WordGru(nn.Module):
    def __init__(self, vocabulary, width):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.cell = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, words):
        return self.head(self.cell(self.embed(words))[0])


def nats(net, words, following):
    return cross_entropy(net(words).flatten(0, 1), following.flatten())


class Progressive:
    """PASHA without soft ranking: the ceiling rises when two top rungs disagree."""

    def __init__(self, smallest, largest, factor, trials):
        self.rungs = [smallest]
        while self.rungs[-1] * factor < largest:
            self.rungs.append(self.rungs[-1] * factor)
        self.rungs.append(largest)
        self.factor, self.left, self.started, self.top = factor, trials, 0, 1
        self.scores = [{} for _ in self.rungs]
        self.promoted = [set() for _ in self.rungs]

    def ask(self):
        for level in range(self.top - 1, -1, -1):
            ranked = sorted(self.scores[level], key=self.scores[level].get)
            for trial in ranked[: len(ranked) // self.factor]:
                if trial not in self.promoted[level]:
                    self.promoted[level].add(trial)
                    return trial, self.rungs[level], self.rungs[level + 1]
        if self.started == self.left:
            return None
        self.started += 1
        return self.started - 1, 0, self.rungs[0]

    def tell(self, trial, epoch, score):
        if epoch not in self.rungs:
            return
        self.scores[self.rungs.index(epoch)][trial] = score
        upper, lower = self.scores[self.top], self.scores[self.top - 1]
        common = [t for t in upper if t in lower]
        if sorted(common, key=upper.get) != sorted(common, key=lower.get):
            self.top = min(self.top + 1, len(self.rungs) - 1)


def warm(net, batch, lr, decay, eta):
    """log-lr and log-wd after one hyper-gradient step; the net stays as it is."""
    half = len(batch[0]) // 2
    weights = list(net.parameters())
    inner = torch.autograd.grad(nats(net, batch[0][:half], batch[1][:half]), weights)
    moved = [w - lr * (g + decay * w) for w, g in zip(weights, inner)]
    before = [w.detach().clone() for w in weights]
    for w, m in zip(weights, moved):
        w.data.copy_(m.data)
    outer = torch.autograd.grad(nats(net, batch[0][half:], batch[1][half:]), weights)
    for w, b in zip(weights, before):
        w.data.copy_(b)
    along = sum(float((v * (g + decay * w)).sum()) for v, g, w in zip(outer, inner, weights))
    decayed = sum(float((v * w).sum()) for v, w in zip(outer, weights))
    slope_lr = -math.log(10) * lr * along
    slope_decay = -math.log(10) * lr * decay * decayed
    return (10 ** (math.log10(lr) - eta * slope_lr), 10 ** (math.log10(decay) - eta * slope_decay))
'''

TRAIN = """\
import copy
import math
import random
import resource
import time

import torch

from src.model import Progressive, WordGru, nats, warm
from src.preprocess import Corpus, Scrambler


class Candidate:
    def __init__(self, number, run, corpus):
        rng = random.Random(run["seed"] * 1000 + number)
        torch.manual_seed(run["seed"] * 1000 + number)
        self.lr, self.decay = 10 ** rng.uniform(-2.5, -1), 10 ** rng.uniform(-5, -2)
        self.net = WordGru(corpus.vocabulary, run["model"]["width"])
        self.run, self.corpus, self.number = run, corpus, number
        self.steps = run["training"]["batch_size"], run["dataset"]["seq_len"]
        share = run["dataset"].get("noise_ratio", 0.0)
        self.scramble = Scrambler(share, corpus.vocabulary, run["seed"] + number) if share else None
        start = run["warmstart"]
        if start["enabled"]:
            first = next(self.stream(torch.Generator().manual_seed(number)))
            self.lr, self.decay = warm(self.net, first, self.lr, self.decay, start["eta_h"])
        self.optimizer = torch.optim.SGD(
            self.net.parameters(), lr=self.lr, weight_decay=self.decay, momentum=0.9)

    def stream(self, generator):
        def order(n):
            return torch.randperm(n, generator=generator)
        yield from self.corpus.batches("train", self.steps[1], self.steps[0], order)

    def epoch(self, number):
        self.net.train()
        for words, following in self.stream(torch.Generator().manual_seed(number)):
            seen = self.scramble(words) if self.scramble else words
            self.optimizer.zero_grad()
            nats(self.net, seen, following).backward()
            self.optimizer.step()
        self.net.eval()
        with torch.no_grad():
            losses = [nats(self.net, w, f) for w, f in
                      self.corpus.batches("validation", self.steps[1], 8)]
        return float(sum(losses) / len(losses))


def search(run):
    torch.manual_seed(run["seed"])
    torch.set_num_threads(1)
    options = run["search"]
    corpus = Corpus(run["dataset"], run["model"]["vocabulary"])
    scheduler = Progressive(options["min_resource"], options["max_resource"],
                            options["reduction_factor"], options["n_trials"])
    candidates, best, began, jobs = {}, math.inf, time.time(), []
    while (job := scheduler.ask()) is not None:
        number, done, wanted = job
        candidate = candidates.get(number) or Candidate(number, run, corpus)
        candidates[number] = candidate
        for epoch in range(done + 1, wanted + 1):
            loss = candidate.epoch(epoch)
            best = min(best, loss)
            scheduler.tell(number, epoch, loss)
        jobs.append(job)
    return {"run_id": run["run_id"], "seed": run["seed"], "jobs": jobs,
            "val_perplexity": math.exp(best), "seconds": time.time() - began,
            "peak_memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
"""

MAIN = """\
import argparse
import json
from pathlib import Path

import yaml

from src.evaluate import compare
from src.train import search


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke-test", action="store_true")
    parser.add_argument("--full-experiment", action="store_true")
    parser.add_argument("--results-dir", required=True)
    options = parser.parse_args()
    name = "smoke_test" if options.smoke_test else "full_experiment"
    found = []
    for run in yaml.safe_load(Path(f"config/{name}.yaml").read_text())["runs"]:
        result = search(run)
        place = Path(options.results_dir) / run["run_id"]
        place.mkdir(parents=True, exist_ok=True)
        (place / "results.json").write_text(json.dumps(result))
        found.append(result)
    print(json.dumps(compare(found)))


if __name__ == "__main__":
    main()
"""

EVALUATE = """\
def compare(results):
    first = results[0]["val_perplexity"]
    return {r["run_id"]: {"gain": first - r["val_perplexity"], "wilcoxon_p_value": None}
            for r in results}
"""


def configuration(small: bool) -> str:
    lines = ["runs:"]
    for name in VARIATIONS:
        noise = ", noise_ratio: 0.2" if name.endswith("noisy") else ""
        size = "cap: 2600, stand_in: true" if small else "cap: 2000000"
        trials, most = (2, 4) if small else (64, 27)
        warm = str("warm" in name).lower()
        lines += [
            f"  - run_id: {name}",
            "    seed: 3",
            f"    dataset: {{name: wikitext-2, seq_len: 16, {size}{noise}}}",
            f"    model: {{name: gru-lm, width: {24 if small else 512}, vocabulary: 500}}",
            f"    search: {{scheduler: PASHA, n_trials: {trials}, max_resource: {most}, "
            "min_resource: 1, reduction_factor: 2}",
            "    training: {batch_size: 8}",
            f"    warmstart: {{enabled: {warm}, eta_h: 0.001}}",
        ]
    return "\n".join(lines) + "\n"


def bundle() -> Bundle:
    """Return the experiment; its base code is the same code."""
    files = Tree(
        {
            "src/preprocess.py": PREPROCESS,
            "src/model.py": MODEL,
            "src/train.py": TRAIN,
            "src/main.py": MAIN,
            "src/evaluate.py": EVALUATE,
            "pyproject.toml": '[project]\nname = "words"\nversion = "0.1"\n'
            'dependencies = ["torch", "datasets", "pyyaml"]\n',
            "config/smoke_test.yaml": configuration(small=True),
            "config/full_experiment.yaml": configuration(small=False),
        }
    )
    experiment = Experiment(id="words", description=DESCRIPTION, run_variations=VARIATIONS)
    return Bundle(base=files, derived=files, experiment=experiment)
