"""Language model: a recurrent network that predicts characters."""

from kind import Kind, Variation

LOADER = '''
def load_counting_text(options: dict, seed: int) -> dict:
    """Numbers written out one after another, as character ids in windows of `seq_len`."""
    text = " ".join(str(n * n % 97) for n in range(int(options["numbers"])))
    vocabulary = sorted(set(text))
    ids = torch.tensor([vocabulary.index(c) for c in text])
    corruption = float(options.get("corruption", 0.0))
    if corruption > 0:
        generator = torch.Generator().manual_seed(seed)
        mask = torch.rand(ids.shape, generator=generator) < corruption
        ids = torch.where(mask, torch.randint(0, len(vocabulary), ids.shape), ids)
    width = int(options["seq_len"])
    rows = (len(ids) - 1) // width
    x = ids[: rows * width].view(rows, width)
    y = ids[1 : rows * width + 1].view(rows, width)
    cut = max(1, int(0.9 * rows))
    return {
        "train": (x[:cut], y[:cut]),
        "val": (x[cut - 1 :], y[cut - 1 :]),
        "n_inputs": len(vocabulary),
        "n_outputs": len(vocabulary),
    }
'''
MODEL = '''
class CharacterModel(nn.Module):
    """Embedding, GRU, projection; the method chooses dropout and weight tying."""

    def __init__(self, n_inputs, n_outputs, method, seed, width=32):
        super().__init__()
        torch.manual_seed(seed)
        self.embedding = nn.Embedding(n_inputs, width)
        self.recurrent = nn.GRU(width, width, batch_first=True)
        self.dropout = nn.Dropout(float(method.get("dropout", 0.0)))
        self.project = nn.Linear(width, n_outputs)
        if method.get("tied", False):
            self.project.weight = self.embedding.weight
        self.optimizer = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden, _ = self.recurrent(self.embedding(x))
        return self.project(self.dropout(hidden))

    def _loss(self, x, y):
        logits = self(x)
        return nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1))

    def fit_epoch(self, data, lr):
        self.optimizer = self.optimizer or torch.optim.Adam(self.parameters(), lr=lr)
        self.train()
        x, y = data["train"]
        self.optimizer.zero_grad()
        loss = self._loss(x, y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters(), 1.0)
        self.optimizer.step()
        return loss.item()

    def score(self, data):
        self.eval()
        with torch.no_grad():
            return float(-self._loss(*data["val"]))

    def state(self):
        return {key: tensor.detach().numpy() for key, tensor in self.state_dict().items()}
'''
KIND = Kind(
    name="language_model",
    dataset="counting-text",
    loader_name="load_counting_text",
    loader=LOADER,
    model=MODEL,
    model_class="CharacterModel",
    model_name="character_model",
    model_options={"width": 32},
    options_full={"numbers": 3000, "seq_len": 64, "corruption": 0.0},
    options_smoke={"numbers": 60, "seq_len": 16, "corruption": 0.0},
    variations=(
        Variation("untied", {}),
        Variation("tied", {"tied": True}),
        Variation("tied-dropout", {"tied": True, "dropout": 0.2}),
    ),
    metric="negative_log_loss",
    lr=0.01,
    epochs=20,
    imports=("torch",),
    loader_imports="import torch",
    model_imports="import torch\nimport torch.nn as nn",
    description="Character language modelling of counting text: weight tying and dropout. "
    "20 epochs, Adam with learning rate 0.01, sequence length 64, validation loss.",
)
