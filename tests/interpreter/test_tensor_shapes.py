# ruff: noqa: E501 -- each case is one program on one line
"""Shapes, gradients and optimizers: what certainly fails, and what must be left alone."""

import pytest
from interpreted import raised

FAILING = {
    "layer after layer": ("nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(9, 2))(x)", 6),
    "matrix product": ("torch.zeros(2, 3) @ torch.zeros(4, 5)", 6),
    "elementwise": ("torch.zeros(2, 3) + torch.zeros(2, 4)", 6),
    "view": ("torch.zeros(2, 3).view(4, 2)", 6),
    "channels": ("nn.Conv2d(3, 8, 3)(torch.zeros(2, 1, 9, 9))", 6),
    "flattened image": ("nn.Linear(100, 2)(torch.zeros(2, 1, 9, 9).flatten(1))", 6),
    "joined": ("torch.cat([torch.zeros(2, 3), torch.zeros(2, 4)])", 6),
    "joined ranks": ("torch.cat((torch.zeros(2, 3), torch.zeros(2, 3, 1)), dim=1)", 6),
    "joined, then multiplied": (
        "y = torch.cat([torch.zeros(2, 3)] * 2, -1)\nnn.Linear(3, 1)(y)",
        7,
    ),
    "stacked": ("torch.stack([torch.zeros(2, 3), torch.zeros(3, 2)])", 6),
    "stacked, then multiplied": ("torch.stack([torch.zeros(3)] * 2, 1) @ torch.zeros(3, 2)", 6),
    "gradients off": ("with torch.no_grad():\n    nn.CrossEntropyLoss()(x, x).backward()", 7),
}
FITTING = [
    "nn.Linear(12, 2)(x.view(x.size(0), -1))",
    "nn.Linear(12, 2)(torch.zeros(3, 4, 3).view(torch.zeros(3).size(0), -1))",
    "nn.Sequential(*unknown.layers(), nn.Linear(4, 2))(nn.Linear(3, 7)(x))",
    "from collections import OrderedDict\nnn.Sequential(OrderedDict([('a', nn.Linear(2, 2))]))(x)",
    "torch.zeros(2, 1) + torch.zeros(1, 3)",
    "torch.cat([torch.zeros(2, 3), torch.zeros(2, 4)], dim=1) @ torch.zeros(7, 1)",
    "torch.cat([torch.zeros(0), torch.zeros(2, 3)])",
    "torch.cat([torch.zeros(x.size(0)), torch.zeros(2, 3)])",
    "torch.cat([torch.zeros(2, 3), x])",
    "y = torch.zeros(3)\ny.unsqueeze_(0)\ntorch.cat([y, torch.zeros(2, 3)])",
    "y = torch.zeros(2, 3)\ny.t_()\ny @ torch.zeros(2, 5)",
    "y = torch.zeros(3)\ny.data = torch.zeros(2, 3)\ntorch.cat([y, torch.zeros(2, 3)])",
    "import numpy as np\ny = np.zeros(6)\ny.shape = (2, 3)\nnp.concatenate([y, np.zeros((1, 3))])",
    "import numpy as np\ny = np.zeros(6)\ny.resize((2, 3))\nnp.concatenate([y, np.zeros((1, 3))])",
    "parts = [torch.zeros(2, 3)]\nfor b in x:\n    parts.append(b)\ntorch.cat(parts)",
    "torch.stack([torch.zeros(2, 3), torch.zeros(2, 3)], -1) + torch.zeros(2, 3, 2)",
    "torch.stack([torch.zeros(3)] * 4) @ torch.zeros(3, 2)",
    "nn.Linear(8, 2)(nn.GRU(4, 4, bidirectional=True)(x)[0])",
    "nn.Conv2d(1, 8, 3, padding='same')(torch.zeros(2, 1, 9, 9))",
    "loss = nn.MSELoss()(x, x)\nwith torch.no_grad():\n    loss.backward()",
    "with torch.no_grad():\n    y = torch.zeros(3)\ny.requires_grad_()\ny.sum().backward()",
    "@torch.no_grad()\ndef f(v):\n    with torch.enable_grad():\n        nn.MSELoss()(v, v).backward()\nf(x)",
    "torch.optim.SGD([p for p in x.parameters()], lr=0.1)",
    "params = []\nfor m in x.modules():\n    params += list(m.parameters())\ntorch.optim.SGD(params)",
]
START = "import torch\nimport torch.nn as nn\nimport unknown\nx = unknown.batch()\n\n"


@pytest.mark.parametrize("name", FAILING)
def test_a_shape_that_cannot_fit_is_a_certain_error(name):
    code, line = FAILING[name]
    assert raised(START + code) == {("RuntimeError", line)}


@pytest.mark.parametrize("code", FITTING)
def test_what_may_fit_is_left_alone(code):
    assert raised(START + code) == set()


def test_an_optimizer_without_parameters_is_a_certain_error():
    assert raised(START + "torch.optim.Adam([], lr=0.1)") == {("ValueError", 6)}
