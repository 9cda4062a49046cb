"""Word substitution attacks on a language model: TextFooler where it can be had, else a substitute.

TextFooler (Jin et al., AAAI 2020) is run through TextAttack, which downloads word vectors, a
sentence encoder and a tagger. Where these are out of reach a substitute runs in its place: the same
greedy search (words in the order of their importance, the most harmful of the nearest words) with
neighbours in the model's own embedding instead of synonyms, and no check of meaning. It is weaker
evidence and is reported under its own name, never as TextFooler.
"""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,import-untyped,no-any-return"

from __future__ import annotations

import math
import random
import re
import sys
from typing import Any

import torch
import torch.nn as nn

TEXTFOOLER = "TextFooler (TextAttack)"
SUBSTITUTE = "embedding neighbours (substitute for TextFooler)"


def attack_report(model: nn.Module, cfg: dict[str, Any], device: Any, pp: Any) -> dict[str, Any]:
    """Attack test sentences and return what that does to the perplexity of the untouched words.

    `adversarial.sentences` of the configuration says how many; they are the same for all runs.
    Perplexities are a piece's, over the words that the attack left alone, before and after: words
    that were put in are not scored, so a rare word by itself does no harm. "attack" names what ran.
    """
    options = cfg["adversarial"]
    victim = WordVictim(model, cfg, device, pp)
    sentences = victim.sentences(int(options["sentences"]))
    share = float(options.get("max_changed_share", 0.2))
    attack, changed = TEXTFOOLER, None
    try:
        # pip install "textattack[tensorflow]"; it downloads word vectors and a sentence encoder.
        from textattack.attack_recipes import TextFoolerJin2019

        changed = textfooler(victim, sentences, TextFoolerJin2019)
    except (ImportError, OSError, LookupError) as error:
        # TextAttack, or what it has to download, is not there: say so and run the substitute.
        attack = SUBSTITUTE
        reason = (str(error).splitlines() or [""])[0][:120]
        print(f"WARNING: no TextFooler ({reason}); ATTACKING BY {SUBSTITUTE}", file=sys.stderr)
    if changed is None:
        neighbours = embedding_neighbours(victim, sentences)
        changed = [greedy_attack(victim, words, neighbours, share) for words in sentences]
    before, after = victim.losses(sentences), victim.losses(changed)
    clean = attacked = pieces = swapped = 0.0
    for words, others, low, high in zip(sentences, changed, before, after):  # noqa: B905
        for place, word in enumerate(words):
            if word != others[place]:
                swapped += 1
                continue
            clean, attacked = clean + low[place], attacked + high[place]
            pieces += len(victim.pieces(word))
    clean_ppl = math.exp(min(clean / max(1.0, pieces), 700.0))
    attacked_ppl = math.exp(min(attacked / max(1.0, pieces), 700.0))
    return {
        "attack": attack,
        "sentences": len(sentences),
        "changed_words_share": swapped / max(1, sum(map(len, sentences))),
        "clean_ppl": clean_ppl,
        "attacked_ppl": attacked_ppl,
        "delta_ppl": attacked_ppl - clean_ppl,
    }


class WordVictim:
    """The model under attack: sentences as lists of words, and the loss of each word."""

    def __init__(self, model: nn.Module, cfg: dict[str, Any], device: Any, pp: Any):
        self.model = model.eval()
        self.cfg, self.device, self.pp = cfg, device, pp
        self.name = cfg["dataset"]["name"].upper()
        self.seq_len = int(cfg["dataset"].get("seq_len", 1024))
        vocab_size = int(cfg.get("model", {}).get("kwargs", {}).get("vocab_size", 50257))
        self.tokenizer = pp.text_tokenizer(self.name, cfg["dataset"], vocab_size)
        self.known: dict[str, list[int]] = {}

    def pieces(self, word: str) -> list[int]:
        """Return the token ids of a word."""
        if word not in self.known:
            self.known[word] = list(self.tokenizer.encode(word))
        return self.known[word]

    def fits(self, words: list[str]) -> bool:
        """Whether the model can read the words at once."""
        return sum(len(self.pieces(word)) for word in words) < self.seq_len

    def sentences(self, count: int) -> list[list[str]]:
        """Return up to `count` sentences of the test split, 5 words and more, drawn with seed 0."""
        found = []
        for article in self.pp.articles_for(self.name, self.cfg["dataset"], "test"):
            for sentence in re.split(r"(?<=[.!?])\s+", " ".join(map(str.strip, article))):
                words = sentence.split()
                if len(words) >= 5 and self.fits(words):
                    found.append(words)
        return found if len(found) <= count else random.Random(0).sample(found, count)

    def losses(self, texts: list[list[str]], batch_size: int = 64) -> list[list[float]]:
        """Return for each text the loss of its words (nats, the sum over a word's pieces)."""
        found = []
        for first in range(0, len(texts), batch_size):
            texts_now = texts[first : first + batch_size]
            rows = [[i for w in words for i in self.pieces(w)] for words in texts_now]
            ids = torch.full((len(rows), 1 + max(map(len, rows))), self.tokenizer.eos_id())
            for place, row in enumerate(rows):
                ids[place, 1 : 1 + len(row)] = torch.tensor(row, dtype=torch.long)
            ids = ids[:, : self.seq_len].to(self.device)
            with torch.no_grad():
                logits = self.model(input_ids=ids).logits[:, :-1].float()
            nll = nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
            for words, values in zip(texts_now, nll.double().tolist()):  # noqa: B905
                start, sums = 0, []
                for word in words:
                    end = start + len(self.pieces(word))
                    sums.append(math.fsum(values[start:end]))
                    start = end
                found.append(sums)
        return found

    def vectors(self, words: list[str]) -> torch.Tensor:
        """Return unit vectors of words: the mean of their pieces in the model's own embedding."""
        size = len(self.tokenizer)
        tables = [m for m in self.model.modules() if isinstance(m, nn.Embedding)]
        table = min(tables, key=lambda m: abs(m.num_embeddings - size)).weight.detach()
        rows = [table[self.pieces(word)].mean(dim=0) for word in words]
        return nn.functional.normalize(torch.stack(rows).float(), dim=-1)


def may_change(word: str) -> bool:
    """Whether an attack may replace the word: letters alone, and no short function word."""
    return word.isalpha() and len(word) > 3


def embedding_neighbours(
    victim: WordVictim, sentences: list[list[str]], count: int = 8
) -> dict[str, list[str]]:
    """Return the nearest words of each word, most similar first, among those of the sentences."""
    words = sorted({w for words in sentences for w in words if may_change(w)})
    if len(words) < 2:
        return {}
    vectors = victim.vectors(words)
    found = {}
    for first in range(0, len(words), 512):
        nearest = (vectors[first : first + 512] @ vectors.T).topk(min(count + 3, len(words)))
        for word, places in zip(words[first : first + 512], nearest.indices.tolist()):  # noqa: B905
            others = [words[p] for p in places if words[p].casefold() != word.casefold()]
            found[word] = others[:count]
    return found


def greedy_attack(
    victim: WordVictim, words: list[str], neighbours: dict[str, list[str]], share: float
) -> list[str]:
    """Return the sentence with up to `share` of its words replaced, each by the neighbour that
    raises the loss of the untouched words most; a word whose neighbours all lower it stays.
    """
    places = [i for i, word in enumerate(words) if neighbours.get(word)]
    if not places:
        return words
    clean = victim.losses([words])[0]
    # A word is as important as the others get harder to predict without it.
    without = victim.losses([words[:i] + words[i + 1 :] for i in places])
    rise = {i: sum(found) - (sum(clean) - clean[i]) for i, found in zip(places, without)}  # noqa: B905
    current, now, touched = list(words), clean, set()
    for place in sorted(places, key=lambda i: (-rise[i], i))[: max(1, int(share * len(words)))]:
        options = [[*current[:place], w, *current[place + 1 :]] for w in neighbours[words[place]]]
        options = [option for option in options if victim.fits(option)]
        kept = [i for i in range(len(words)) if i != place and i not in touched]
        if not options or not kept:
            continue
        found = victim.losses(options)
        harm = [sum(losses[i] for i in kept) for losses in found]
        best = max(range(len(options)), key=harm.__getitem__)
        if harm[best] > sum(now[i] for i in kept):
            current, now = options[best], found[best]
            touched.add(place)
    return current


class Doubling:
    """The model as the classifier that TextFooler attacks: class 0 is "no harder to read than
    before", class 1 "its perplexity doubled".
    """

    def __init__(self, victim: WordVictim):
        self.victim = victim
        self.model = victim.model
        self.reference = 0.0

    def __call__(self, texts: list[str]) -> torch.Tensor:
        """Return probabilities of shape (texts, 2)."""
        means = [mean_loss(self.victim, text.split()) for text in texts]
        rise = torch.tensor(means, dtype=torch.float64) - self.reference - math.log(2)
        return torch.stack([torch.sigmoid(-rise), torch.sigmoid(rise)], dim=1)


def textfooler(victim: WordVictim, sentences: list[list[str]], recipe: Any) -> list[list[str]]:
    """Return the sentences as TextAttack's recipe changes them; unchanged where it does no harm.

    Raises ImportError, OSError or LookupError where a resource of TextAttack is missing.
    """
    wrapper = Doubling(victim)
    attack = recipe.build(wrapper)
    changed = []
    for words in sentences:
        wrapper.reference = mean_loss(victim, words)
        others = attack.attack(" ".join(words), 0).perturbed_text().split()
        # Losses are compared word by word; what is no exchange of words counts as no harm done.
        aligned = len(others) == len(words) and victim.fits(others)
        changed.append(others if aligned else words)
    return changed


def mean_loss(victim: WordVictim, words: list[str]) -> float:
    """Return the loss of a text in nats a piece; 0 for no text."""
    if not words:
        return 0.0
    return sum(victim.losses([words])[0]) / sum(len(victim.pieces(w)) for w in words)
