"""Keywords of libraries: one that no version takes is a TypeError; all others are left alone."""

import importlib
import inspect
from pathlib import Path

import pytest
import yaml
from interpreted import raised

from ohgw_tools.interpreter import library_keywords

TABLE = Path(library_keywords.__file__).parent / "keywords.yaml"
KEYWORDS = yaml.safe_load(TABLE.read_text(encoding="utf-8"))

WRONG = {
    "optimizer": "import torch\ntorch.optim.AdamW([x], learning_rate=0.1)",
    "from its module": "from torch.optim import SGD\nSGD([x], lr=0.1, weightdecay=0.1)",
    "loader": "from torch.utils.data import DataLoader\nDataLoader(x, batchsize=2)",
    "functional": "import torch.nn.functional as F\nF.cross_entropy(x, x, smoothing=0.1)",
    "layer": "from torch import nn\nnn.Dropout(rate=0.1)",
    "scikit-learn": "from sklearn.svm import SVC\nSVC(C=1.0, kernal='rbf')",
    "spread": "import torch\no = {'lr': 0.1, 'name': 'adam'}\ntorch.optim.Adam([x], **o)",
    "xgboost": "import xgboost\nxgboost.train({}, x, rounds=3)",
    "transformers": "import transformers\ntransformers.set_seed(sed=3)",
}
RIGHT = {
    "optimizer": "import torch\ntorch.optim.AdamW([x], lr=0.1, weight_decay=0.1, fused=True)",
    "a former name": "import torch.optim.lr_scheduler as s\ns.StepLR(x, step_size=2, verbose=True)",
    "any keywords": "from transformers import AutoModel\nAutoModel.from_pretrained('a', b=1)",
    "a class of its own": "import torch\nclass AdamW(torch.optim.AdamW):\n"
    "    def __init__(self, p, learning_rate):\n        super().__init__(p, lr=learning_rate)\n"
    "AdamW([x], learning_rate=0.1)",
    "a name like it": "from mylib import SGD\nSGD([x], learning_rate=0.1)",
    "unknown options": "import torch, json\ntorch.optim.SGD([x], **json.loads(input()))",
    "scikit-learn": "from sklearn.model_selection import KFold\nKFold(n_splits=3, shuffle=True)",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_keyword_that_none_takes_is_a_type_error(name):
    assert {e for e, _ in raised("import lib\nx = lib.x\n" + WRONG[name])} == {"TypeError"}


@pytest.mark.parametrize("name", RIGHT)
def test_every_other_call_is_left_alone(name):
    assert not raised("import lib\nx = lib.x\n" + RIGHT[name])


def test_every_list_is_one_of_words():
    for name, words in KEYWORDS.items():
        assert name.startswith(library_keywords.LIBRARIES)
        assert all(isinstance(word, str) for word in words), name
        assert len(set(words)) == len(words), name


@pytest.mark.torch
@pytest.mark.parametrize("name", [name for name in KEYWORDS if name.startswith("torch.")])
def test_the_table_holds_every_keyword_of_the_installed_library(name):
    module, _, last = name.rpartition(".")
    thing = getattr(importlib.import_module(module), last)
    parameters = inspect.signature(thing).parameters.values()
    assert all(p.kind is not p.VAR_KEYWORD for p in parameters)
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    assert {p.name for p in parameters if p.kind in kinds} <= set(KEYWORDS[name])
