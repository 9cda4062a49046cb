"""Vision: a small convolutional network on drawn bars."""

from kind import Kind, Variation

LOADER = '''
def load_bars(options: dict, seed: int) -> dict:
    """Grey images of horizontal, vertical or diagonal bars; the class is the direction."""
    generator = torch.Generator().manual_seed(seed)
    count, size = int(options["images"]), int(options["size"])
    images = torch.randn(count, 1, size, size, generator=generator) * options.get("noise", 0.3)
    labels = torch.randint(0, 3, (count,), generator=generator)
    for index in range(count):
        place = int(torch.randint(0, size, (1,), generator=generator))
        if labels[index] == 0:
            images[index, 0, place, :] += 1.0
        elif labels[index] == 1:
            images[index, 0, :, place] += 1.0
        else:
            images[index, 0].diagonal().add_(1.0)
    cut = int(0.8 * count)
    return {
        "train": (images[:cut], labels[:cut]),
        "val": (images[cut:], labels[cut:]),
        "n_inputs": size,
        "n_outputs": 3,
    }
'''
MODEL = '''
class BarNetwork(nn.Module):
    """Two convolutions and a linear layer; the method chooses normalisation and label smoothing."""

    def __init__(self, n_inputs, n_outputs, method, seed, channels=8):
        super().__init__()
        torch.manual_seed(seed)
        norm = nn.BatchNorm2d(channels) if method.get("batch_norm") else nn.Identity()
        self.features = nn.Sequential(
            nn.Conv2d(1, channels, kernel_size=3, padding=1),
            norm,
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels, channels * 2, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
        )
        self.head = nn.Linear(channels * 2 * 4, n_outputs)
        self.loss = nn.CrossEntropyLoss(label_smoothing=float(method.get("smoothing", 0.0)))
        self.optimizer = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(x).flatten(1))

    def fit_epoch(self, data, lr):
        if self.optimizer is None:
            self.optimizer = torch.optim.AdamW(self.parameters(), lr=lr)
        self.train()
        total, batches = 0.0, 0
        images, labels = data["train"]
        for start in range(0, len(images), 32):
            self.optimizer.zero_grad()
            loss = self.loss(self(images[start : start + 32]), labels[start : start + 32])
            loss.backward()
            self.optimizer.step()
            total, batches = total + loss.item(), batches + 1
        return total / max(1, batches)

    @torch.no_grad()
    def score(self, data):
        self.eval()
        images, labels = data["val"]
        return float((self(images).argmax(dim=1) == labels).float().mean())

    def state(self):
        return {name: value.numpy() for name, value in self.state_dict().items()}
'''
KIND = Kind(
    name="vision",
    dataset="drawn-bars",
    loader_name="load_bars",
    loader=LOADER,
    model=MODEL,
    model_class="BarNetwork",
    model_name="bar_network",
    model_options={"channels": 8},
    options_full={"images": 600, "size": 16, "noise": 0.3},
    options_smoke={"images": 24, "size": 8, "noise": 0.3},
    variations=(
        Variation("plain-network", {}),
        Variation("batch-norm", {"batch_norm": True}),
        Variation("label-smoothing", {"smoothing": 0.1}),
    ),
    metric="accuracy",
    lr=0.003,
    epochs=12,
    imports=("torch",),
    loader_imports="import torch",
    model_imports="import torch\nimport torch.nn as nn",
    description="Image classification of drawn bars by a small CNN: batch normalisation and label "
    "smoothing against the plain network. 12 epochs, AdamW with learning rate 0.003, accuracy.",
)
