"""Optimizers without parameters: certain only where nothing can have registered any."""

import pytest
from interpreted import raised

HEAD = "import torch\nfrom torch import nn\n"
EMPTY = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {body}

    def forward(self, x):
        return x

model = Net().to("cpu")
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
"""

BARE = {
    "nothing at all": "self.size = 3",
    "a plain list of layers": "self.layers = [nn.Linear(3, 3) for _ in range(2)]",
    "a dict of layers": 'self.layers = {"a": nn.Linear(3, 3)}',
    "layers without parameters": "self.net = nn.Sequential(nn.ReLU(), nn.Flatten())",
    "a tensor": "self.weight = torch.zeros(3)",
}
FULL = {
    "a layer": "self.layer = nn.Linear(3, 3)",
    "a list that is registered": "self.layers = nn.ModuleList([nn.Linear(3, 3)])",
    "a layer within": "self.net = nn.Sequential(nn.ReLU(), nn.Linear(3, 3))",
    "a parameter": "self.weight = nn.Parameter(torch.zeros(3))",
    "a registered one": 'self.register_parameter("w", nn.Parameter(torch.zeros(3)))',
    "a computed name": 'setattr(self, "layer", nn.Linear(3, 3))',
    "a library's module": "self.body = torch.hub.load('a', 'b')",
    "a layer of one branch": "if torch.cuda.is_available():\n            self.l = nn.Linear(3, 3)",
    "a registered child": 'self.add_module("l", nn.Linear(3, 3))',
}


@pytest.mark.parametrize("name", BARE)
def test_a_module_that_registers_nothing_gives_an_optimizer_nothing(name):
    assert {e for e, _ in raised(HEAD + EMPTY.format(body=BARE[name]))} == {"ValueError"}


@pytest.mark.parametrize("name", FULL)
def test_it_is_silent_where_something_is_or_may_be_registered(name):
    assert not raised(HEAD + EMPTY.format(body=FULL[name]))


def test_a_layer_that_is_set_afterwards_counts():
    late = EMPTY.format(body="pass").replace("optimizer", "model.head = nn.Linear(3, 3)\noptimizer")
    assert not raised(HEAD + late)


def test_a_method_of_its_own_is_its_own():
    own = EMPTY.format(body="pass").replace(
        "    def forward",
        "    def parameters(self):\n        return [torch.zeros(3)]\n\n    def forward",
    )
    assert not raised(HEAD + own)
