"""What can be wrong with the experiment in the other style: what each changes, by file."""

from __future__ import annotations

from other_style import bundle
from wrong_repairs import WrongRepair, changed

_ONE_STEP = 'self.lr, self.decay = warm(self.net, first, self.lr, self.decay, start["eta_h"])'

WRONG = (
    WrongRepair(
        "words by number, whatever they are",
        "src/preprocess.py",
        'torch.tensor([index.get(w, 0) for w in found[: options["cap"]]])',
        'torch.arange(len(found[: options["cap"]])) * 7919 % vocabulary',
        "named-data-reaches-loss",
        "same targets",
    ),
    WrongRepair(
        "the stand-in for good",
        "src/preprocess.py",
        'if options.get("stand_in"):',
        "if True:",
        "named-data-reaches-loss",
        "never asked for",
    ),
    WrongRepair(
        "the stand-in where nothing permits it",
        "src/preprocess.py",
        'if options.get("stand_in"):',
        "if True:",
        "fails-without-data",
        "not the dataset that it names",
    ),
    WrongRepair(
        "a plain loop",
        "src/model.py",
        "        return self.started - 1, 0, self.rungs[0]\n",
        "        return self.started - 1, 0, self.rungs[-1]\n",
        "scheduler-follows-ranking",
        "train to the end",
    ),
    WrongRepair(
        "a ceiling at the top from the start",
        "src/model.py",
        "self.factor, self.left, self.started, self.top = factor, trials, 0, 1",
        "self.factor, self.left, self.started, self.top = factor, trials, 0, len(self.rungs) - 1",
        "scheduler-follows-ranking",
        "that is ASHA",
    ),
    WrongRepair(
        "a ceiling that stays",
        "src/model.py",
        "        if sorted(common, key=upper.get) != sorted(common, key=lower.get):\n",
        "        if len(common) > 99:\n",
        "scheduler-follows-ranking",
        "PASHA grows",
    ),
    WrongRepair(
        "the worst go on",
        "src/model.py",
        "ranked = sorted(self.scores[level], key=self.scores[level].get)",
        "ranked = sorted(self.scores[level], key=self.scores[level].get, reverse=True)",
        "scheduler-follows-ranking",
        "not the best",
    ),
    WrongRepair(
        "noise in what follows",
        "src/train.py",
        "            seen = self.scramble(words) if self.scramble else words\n",
        "            seen = self.scramble(words) if self.scramble else words\n"
        "            following = torch.cat([seen[:, 1:], following[:, -1:]], 1)\n",
        "noise-on-training-inputs",
        "labels of training data",
    ),
    WrongRepair(
        "a third of the noise",
        "src/preprocess.py",
        "generator=self.generator) < self.share\n",
        "generator=self.generator) < self.share / 3\n",
        "noise-on-training-inputs",
        "stated are 20%",
    ),
    WrongRepair(
        "noise in evaluation",
        "src/train.py",
        "            losses = [nats(self.net, w, f) for w, f in",
        "            mix = self.scramble or (lambda w: w)\n"
        "            losses = [nats(self.net, mix(w), f) for w, f in",
        "noise-on-training-inputs",
        "validation inputs",
    ),
    WrongRepair(
        "noise that is drawn and dropped",
        "src/train.py",
        "            seen = self.scramble(words) if self.scramble else words\n",
        "            seen = words\n",
        "noise-on-training-inputs",
        "0.0% of the training inputs",
    ),
    WrongRepair(
        "a variation that is the other",
        "src/train.py",
        '        share = run["dataset"].get("noise_ratio", 0.0)\n',
        "        share = 0.0\n",
        "variations-differ",
        "the same",
    ),
    WrongRepair(
        "seeds by name",
        "src/train.py",
        '    torch.manual_seed(run["seed"])\n',
        '    torch.manual_seed(run["seed"] + len(run["run_id"]))\n',
        "variations-differ",
        "no pairs",
    ),
    WrongRepair(
        "a result that is not a number",
        "src/train.py",
        '"val_perplexity": math.exp(best)',
        '"val_perplexity": math.exp(best) * (math.nan if "noisy" in run["run_id"] else 1)',
        "variations-differ",
        "not finite",
    ),
    WrongRepair(
        "no memory measured",
        "src/train.py",
        '"peak_memory": resource',
        '"used": resource',
        "metrics-reported",
        "peak-memory",
    ),
    WrongRepair(
        "the moved values thrown away",
        "src/train.py",
        _ONE_STEP,
        _ONE_STEP.replace("self.lr, self.decay =", "moved ="),
        "warm-start-moves",
        "changes nothing at all",
    ),
    WrongRepair(
        "a step of fixed length",
        "src/model.py",
        "10 ** (math.log10(lr) - eta * slope_lr)",
        "10 ** (math.log10(lr) - (eta > 0) * math.copysign(0.01, slope_lr))",
        "warm-start-moves",
        "times as far",
    ),
    WrongRepair(
        "the look-ahead step kept",
        "src/model.py",
        "    for w, b in zip(weights, before):\n        w.data.copy_(b)\n",
        "    for w, b in zip(weights, before):\n"
        "        w.data.copy_(b - eta * 0.1 * (b - w.data))\n",
        "warm-start-moves",
        "a step on weights",
    ),
    WrongRepair(
        "the look-ahead step kept, whatever eta is",
        "src/model.py",
        "    for w, b in zip(weights, before):\n        w.data.copy_(b)\n",
        "",
        "eta-zero-is-baseline",
        "disturbs weights",
    ),
)


def made_wrong(wrong: WrongRepair):
    """Return the experiment with one thing wrong."""
    return changed(bundle(), wrong)
