"""Tabular classification: a linear model on two noisy moons."""

from kind import Kind, Variation

LOADER = '''
def load_two_moons(options: dict, seed: int) -> dict:
    """Two interleaved half circles with Gaussian noise, split 80/20."""
    rng = np.random.default_rng(seed)
    count = int(options["samples"])
    angle = rng.uniform(0.0, np.pi, count)
    label = rng.integers(0, 2, count)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x[label == 1] = np.array([1.0, 0.5]) - x[label == 1]
    x = x + rng.normal(0.0, float(options.get("noise", 0.1)), x.shape)
    cut = max(1, int(0.8 * count))
    return {
        "train": (x[:cut], label[:cut]),
        "val": (x[cut:], label[cut:]),
        "n_inputs": x.shape[1],
        "n_outputs": 2,
    }
'''
MODEL = '''
class MoonClassifier:
    """Softmax regression on random features; the method may add momentum or weight decay."""

    def __init__(self, n_inputs, n_outputs, method, seed, features=32):
        rng = np.random.default_rng(seed)
        self.projection = rng.normal(size=(n_inputs, features))
        self.weights = np.zeros((features, n_outputs))
        self.velocity = np.zeros_like(self.weights)
        self.momentum = float(method.get("momentum", 0.0))
        self.decay = float(method.get("weight_decay", 0.0))

    def _probabilities(self, x):
        logits = np.tanh(x @ self.projection) @ self.weights
        logits = logits - logits.max(axis=1, keepdims=True)
        exponent = np.exp(logits)
        return exponent / exponent.sum(axis=1, keepdims=True)

    def fit_epoch(self, data, lr):
        x, y = data["train"]
        hidden = np.tanh(x @ self.projection)
        probabilities = self._probabilities(x)
        target = np.eye(self.weights.shape[1])[y]
        gradient = hidden.T @ (probabilities - target) / len(x) + self.decay * self.weights
        self.velocity = self.momentum * self.velocity - lr * gradient
        self.weights = self.weights + self.velocity
        return float(-np.log(probabilities[np.arange(len(y)), y] + 1e-9).mean())

    def score(self, data):
        x, y = data["val"]
        return float((self._probabilities(x).argmax(axis=1) == y).mean())

    def state(self):
        return {"weights": self.weights, "projection": self.projection}
'''
KIND = Kind(
    name="tabular",
    dataset="two-moons",
    loader_name="load_two_moons",
    loader=LOADER,
    model=MODEL,
    model_class="MoonClassifier",
    model_name="moon_classifier",
    model_options={"features": 48},
    options_full={"samples": 2000, "noise": 0.15},
    options_smoke={"samples": 60, "noise": 0.15},
    variations=(
        Variation("sgd-plain", {}),
        Variation("sgd-momentum", {"momentum": 0.9}),
        Variation("sgd-decay", {"weight_decay": 0.01}),
    ),
    metric="accuracy",
    lr=0.5,
    epochs=30,
    description="Tabular classification on two moons: does momentum or weight decay help "
    "a random-feature classifier? 30 epochs, learning rate 0.5, metric accuracy.",
)
