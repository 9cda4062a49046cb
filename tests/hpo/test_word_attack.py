"""The attack that word-attack writes: TextFooler where it can be had, else a substitute by name."""

from __future__ import annotations

import math
import sys
from types import ModuleType, SimpleNamespace

import pytest

pytestmark = pytest.mark.torch

TEXT = "the green cats often chase small mice under tables while loud dogs sleep near doors"
PIECES = {word: place + 3 for place, word in enumerate(TEXT.split())}
LINES = [
    "It is ignored . Green cats often chase small mice under tables .",
    "Loud dogs sleep near doors while small cats often sleep ! Too short .",
    "the green dogs chase loud mice near tables while cats sleep under doors .",
]


class Tokenizer:
    """One piece for each known word, two for any other."""

    def __len__(self):
        return len(PIECES) + 3

    def eos_id(self):
        return 2

    def encode(self, word):
        return [PIECES[word.lower()]] if word.lower() in PIECES else [0, 1]


def victim(seq_len=64, sentences=10):
    import torch

    from ohgw_tools.templates.word_attack import WordVictim

    class Causal(torch.nn.Module):
        """Each next token depends on all before it."""

        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(len(Tokenizer()), 12)
            self.cell = torch.nn.GRU(12, 12, batch_first=True)
            self.drop = torch.nn.Dropout(0.5)
            self.head = torch.nn.Linear(12, len(Tokenizer()))

        def forward(self, input_ids, labels=None):
            hidden, _ = self.cell(self.table(input_ids))
            return SimpleNamespace(logits=self.head(self.drop(4 * hidden)))

    torch.manual_seed(1)
    pp = SimpleNamespace(
        articles_for=lambda name, ds_cfg, split: [LINES] if split == "test" else 1 / 0,
        text_tokenizer=lambda name, ds_cfg, size: Tokenizer(),
    )
    cfg = {
        "dataset": {"name": "toy", "seq_len": seq_len},
        "adversarial": {"sentences": sentences, "max_changed_share": 0.3},
    }
    return WordVictim(Causal(), cfg, "cpu", pp), cfg, pp


def by_hand(model, tokenizer, words):
    """The loss of each word from one unpadded row and a log-softmax."""
    import torch

    ids = [2, *(i for word in words for i in tokenizer.encode(word))]
    with torch.no_grad():
        shares = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(dim=-1)
    losses, place = [], 0
    for word in words:
        pieces = tokenizer.encode(word)
        losses.append(-sum(float(shares[place + k, p]) for k, p in enumerate(pieces)))
        place += len(pieces)
    return losses


def test_losses_are_those_of_each_text_alone():
    attacked, _, _ = victim()
    sentences = attacked.sentences(10)
    assert len(sentences) == 3, "sentences of five words and more"
    for words, losses in zip(sentences, attacked.losses(sentences, batch_size=2), strict=True):
        assert losses == pytest.approx(by_hand(attacked.model, Tokenizer(), words), rel=1e-5)


def test_each_exchange_is_the_most_harmful_of_its_neighbours():
    from ohgw_tools.templates.word_attack import embedding_neighbours, greedy_attack

    attacked, _, _ = victim()
    neighbours = embedding_neighbours(attacked, attacked.sentences(10), count=4)
    assert all(len(n) <= 4 and word not in n for word, n in neighbours.items())
    exchanged = 0
    for words in attacked.sentences(10):
        found = greedy_attack(attacked, words, neighbours, share=0.01)
        places = [i for i in range(len(words)) if words[i] != found[i]]
        assert len(places) <= 1
        for place in places:
            exchanged += 1
            harm = {
                option: sum(
                    x
                    for i, x in enumerate(
                        by_hand(
                            attacked.model,
                            Tokenizer(),
                            [*words[:place], option, *words[place + 1 :]],
                        )
                    )
                    if i != place
                )
                for option in (words[place], *neighbours[words[place]])
            }
            assert max(harm, key=harm.__getitem__) == found[place]
    assert exchanged >= 2


def test_neighbours_are_the_nearest_by_cosine_without_the_word_itself():
    import torch

    from ohgw_tools.templates.word_attack import embedding_neighbours

    attacked, _, _ = victim()
    neighbours = embedding_neighbours(attacked, attacked.sentences(10), count=3)
    table = attacked.model.table.weight.detach()
    rows = {w: table[Tokenizer().encode(w)].mean(dim=0) for w in neighbours}
    for word, found in neighbours.items():
        closeness = {
            other: float(torch.cosine_similarity(rows[word], rows[other], dim=0))
            for other in rows
            if other.casefold() != word.casefold()
        }
        assert [closeness[w] for w in found] == pytest.approx(
            sorted(closeness.values(), reverse=True)[:3], abs=1e-6
        )


def test_without_textattack_the_report_names_the_substitute(capsys, monkeypatch):
    import torch

    from ohgw_tools.templates.word_attack import attack_report

    monkeypatch.setitem(sys.modules, "textattack", None)
    attacked, cfg, pp = victim()
    before = {k: v.clone() for k, v in attacked.model.state_dict().items()}
    random_state = torch.get_rng_state()
    report = attack_report(attacked.model, cfg, "cpu", pp)
    assert report["attack"] == "embedding neighbours (substitute for TextFooler)"
    assert "no TextFooler" in capsys.readouterr().err
    assert 0 < report["changed_words_share"] <= 0.3
    assert report["attacked_ppl"] > report["clean_ppl"]
    assert report == attack_report(attacked.model, cfg, "cpu", pp)
    assert all(torch.equal(before[k], v) for k, v in attacked.model.state_dict().items())
    assert torch.equal(random_state, torch.get_rng_state())


def recipe(change):
    """TextAttack's way of an attack recipe, with one change to texts."""

    class Attack:
        def __init__(self, wrapper):
            self.wrapper = wrapper

        def attack(self, text, label):
            shares = self.wrapper([text, change(text)])
            assert shares.shape == (2, 2)
            assert shares.sum(dim=1).tolist() == pytest.approx([1, 1])
            # At its own reference a text is a third of the way to a doubled perplexity.
            assert float(shares[0, 1]) == pytest.approx(1 / 3)
            assert label == 0
            return SimpleNamespace(perturbed_text=lambda: change(text))

    return SimpleNamespace(build=Attack)


@pytest.mark.parametrize(
    ("change", "share"),
    [
        (lambda text: text.replace("sleep", "chase"), True),
        (lambda text: text + " more words", False),
    ],
    ids=["words exchanged", "not word for word"],
)
def test_textfooler_runs_where_textattack_is_there(change, share, capsys, monkeypatch):
    from ohgw_tools.templates.word_attack import attack_report

    package, recipes = ModuleType("textattack"), ModuleType("textattack.attack_recipes")
    recipes.TextFoolerJin2019 = recipe(change)
    monkeypatch.setitem(sys.modules, "textattack", package)
    monkeypatch.setitem(sys.modules, "textattack.attack_recipes", recipes)
    attacked, cfg, pp = victim()
    report = attack_report(attacked.model, cfg, "cpu", pp)
    assert report["attack"] == "TextFooler (TextAttack)"
    assert (report["changed_words_share"] > 0) == share
    assert math.isfinite(report["delta_ppl"])
    assert capsys.readouterr().err == ""


def test_sentences_that_the_model_cannot_read_at_once_are_left_out():
    attacked, _, _ = victim(seq_len=11)
    lengths = [sum(len(attacked.pieces(w)) for w in words) for words in attacked.sentences(10)]
    assert lengths
    assert max(lengths) < 11
