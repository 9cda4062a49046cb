"""Recommendation: matrix factorisation of ratings that have a low rank."""

from kind import Kind, Variation

LOADER = '''
def load_low_rank_ratings(options: dict, seed: int) -> dict:
    """Ratings of users for items, as (user, item) pairs and their values, split 90/10."""
    rng = np.random.default_rng(seed)
    users, items, rank = int(options["users"]), int(options["items"]), 3
    truth = rng.normal(size=(users, rank)) @ rng.normal(size=(rank, items)) / rank
    count = int(options.get("ratings", users * 4))
    pairs = np.stack([rng.integers(0, users, count), rng.integers(0, items, count)], axis=1)
    values = truth[pairs[:, 0], pairs[:, 1]] + rng.normal(0.0, 0.05, count)
    cut = max(1, int(0.9 * count))
    return {
        "train": (pairs[:cut], values[:cut]),
        "val": (pairs[cut:], values[cut:]),
        "n_inputs": users,
        "n_outputs": items,
    }
'''
MODEL = '''
class Factorisation:
    """Factors of users and items; the method may add biases, or decay of the factors."""

    def __init__(self, n_inputs, n_outputs, method, seed, rank=4):
        rng = np.random.default_rng(seed)
        self.left = rng.normal(scale=0.3, size=(n_inputs, rank))
        self.right = rng.normal(scale=0.3, size=(n_outputs, rank))
        self.offset = np.zeros(n_outputs)
        self.biased = bool(method.get("biases", False))
        self.decay = float(method.get("weight_decay", 0.0))

    def _predict(self, pairs):
        rated = (self.left[pairs[:, 0]] * self.right[pairs[:, 1]]).sum(axis=1)
        return rated + self.offset[pairs[:, 1]] if self.biased else rated

    def fit_epoch(self, data, lr):
        pairs, values = data["train"]
        error = self._predict(pairs) - values
        users, items = pairs[:, 0], pairs[:, 1]
        left = error[:, None] * self.right[items] + self.decay * self.left[users]
        right = error[:, None] * self.left[users] + self.decay * self.right[items]
        np.add.at(self.left, users, -lr * left)
        np.add.at(self.right, items, -lr * right)
        if self.biased:
            np.add.at(self.offset, items, -lr * error)
        return float((error**2).mean())

    def score(self, data):
        pairs, values = data["val"]
        return float(np.sqrt(((self._predict(pairs) - values) ** 2).mean()))

    def state(self):
        return {"left": self.left, "right": self.right}
'''
KIND = Kind(
    name="recommender",
    dataset="low-rank-ratings",
    loader_name="load_low_rank_ratings",
    loader=LOADER,
    model=MODEL,
    model_class="Factorisation",
    model_name="factorisation",
    model_options={"rank": 5},
    options_full={"users": 300, "items": 80, "ratings": 2400},
    options_smoke={"users": 30, "items": 20, "ratings": 120},
    variations=(
        Variation("factors-plain", {}),
        Variation("factors-biased", {"biases": True}),
        Variation("factors-decayed", {"weight_decay": 0.02}),
    ),
    metric="rmse",
    lr=0.05,
    epochs=20,
    description="Recommendation on synthetic low-rank ratings: do item biases or weight decay help "
    "matrix factorisation? 20 epochs, learning rate 0.05, metric RMSE.",
)
