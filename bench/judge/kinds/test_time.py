"""Test-time adaptation: batch statistics and entropy minimisation under a shift."""

from kind import Kind, Variation

LOADER = '''
def load_shifted_blobs(options: dict, seed: int) -> dict:
    """Gaussian blobs for training; for validation the same blobs, scaled and shifted."""
    generator = torch.Generator().manual_seed(seed)
    count, width = int(options["samples"]), int(options["width"])
    centres = torch.randn(4, width, generator=generator) * 2.0

    def draw(amount, severity):
        labels = torch.randint(0, 4, (amount,), generator=generator)
        x = centres[labels] + torch.randn(amount, width, generator=generator)
        return x * (1.0 + 0.2 * severity) + severity, labels

    return {
        "train": draw(count, 0.0),
        "val": draw(max(8, count // 4), float(options.get("severity", 1.0))),
        "n_inputs": width,
        "n_outputs": 4,
    }
'''
MODEL = '''
class AdaptiveClassifier(nn.Module):
    """A network with batch normalisation that may adapt to each batch it is tested on."""

    def __init__(self, n_inputs, n_outputs, method, seed, hidden=32):
        super().__init__()
        torch.manual_seed(seed)
        self.net = nn.Sequential(
            nn.Linear(n_inputs, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, n_outputs),
        )
        self.adaptation = method.get("adaptation", "none")
        self.steps = int(method.get("steps", 1))
        self.optimizer = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)

    def fit_epoch(self, data, lr):
        if self.optimizer is None:
            self.optimizer = torch.optim.SGD(self.parameters(), lr=lr, momentum=0.9)
        self.train()
        x, y = data["train"]
        loss = nn.functional.cross_entropy(self(x), y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.enable_grad()
    def _minimise_entropy(self, x):
        scale = [p for m in self.net if isinstance(m, nn.BatchNorm1d) for p in m.parameters()]
        optimizer = torch.optim.SGD(scale, lr=1e-3)
        for _ in range(self.steps):
            probabilities = self(x).softmax(dim=1)
            entropy = -(probabilities * (probabilities + 1e-9).log()).sum(dim=1).mean()
            optimizer.zero_grad()
            entropy.backward()
            optimizer.step()

    @torch.no_grad()
    def score(self, data):
        x, y = data["val"]
        self.train(self.adaptation != "none")
        if self.adaptation == "entropy":
            self._minimise_entropy(x)
        accuracy = (self(x).argmax(dim=1) == y).float().mean()
        self.train()
        return float(accuracy)

    def state(self):
        return {key: tensor.detach().numpy() for key, tensor in self.state_dict().items()}
'''
KIND = Kind(
    name="test_time",
    dataset="shifted-blobs",
    loader_name="load_shifted_blobs",
    loader=LOADER,
    model=MODEL,
    model_class="AdaptiveClassifier",
    model_name="adaptive_classifier",
    model_options={"hidden": 32},
    options_full={"samples": 2000, "width": 16, "severity": 1.5},
    options_smoke={"samples": 64, "width": 4, "severity": 1.5},
    variations=(
        Variation("source-only", {"adaptation": "none"}),
        Variation("batch-statistics", {"adaptation": "statistics"}),
        Variation("entropy-minimisation", {"adaptation": "entropy", "steps": 1}),
        Variation("entropy-three-steps", {"adaptation": "entropy", "steps": 3}),
    ),
    metric="accuracy",
    lr=0.05,
    epochs=30,
    imports=("torch",),
    loader_imports="import torch",
    model_imports="import torch\nimport torch.nn as nn",
    description="Test-time adaptation under covariate shift: batch statistics and entropy "
    "minimisation against the source model. 30 epochs of SGD at 0.05, accuracy under severity 1.5.",
)
