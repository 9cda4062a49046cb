"""Time series: one-step forecasting with an autoregressive model."""

from kind import Kind, Variation

LOADER = '''
def load_seasonal_series(options: dict, seed: int) -> dict:
    """A trend with a season and noise, cut into windows; the last fifth is for validation."""
    rng = np.random.default_rng(seed)
    length, window = int(options["length"]), int(options["window"])
    time = np.arange(length)
    series = 0.01 * time + np.sin(2 * np.pi * time / options.get("period", 24))
    series = series + rng.normal(0.0, 0.1, length)
    x = np.stack([series[i : i + window] for i in range(length - window)])
    y = series[window:]
    cut = int(0.8 * len(x))
    return {
        "train": (x[:cut], y[:cut]),
        "val": (x[cut:], y[cut:]),
        "n_inputs": window,
        "n_outputs": 1,
    }
'''
MODEL = '''
class LinearForecaster:
    """A linear autoregressive model; differencing and smoothing are the methods compared."""

    def __init__(self, n_inputs, n_outputs, method, seed, scale=0.01):
        rng = np.random.default_rng(seed)
        self.weights = rng.normal(0.0, scale, n_inputs)
        self.bias = 0.0
        self.difference = bool(method.get("difference", False))
        self.smoothing = method.get("smoothing")

    def _inputs(self, x):
        if self.smoothing is not None:
            kernel = np.exp(-self.smoothing * np.arange(x.shape[1])[::-1])
            x = x * (kernel / kernel.mean())
        return x - x[:, -1:] if self.difference else x

    def _predict(self, x):
        prediction = self._inputs(x) @ self.weights + self.bias
        return prediction + x[:, -1] if self.difference else prediction

    def fit_epoch(self, data, lr):
        x, y = data["train"]
        error = self._predict(x) - y
        self.weights = self.weights - lr * self._inputs(x).T @ error / len(x)
        self.bias -= lr * float(error.mean())
        return float((error**2).mean())

    def score(self, data):
        x, y = data["val"]
        return float(-np.abs(self._predict(x) - y).mean())

    def state(self):
        return {"weights": self.weights, "bias": np.array(self.bias)}
'''
KIND = Kind(
    name="time_series",
    dataset="seasonal-series",
    loader_name="load_seasonal_series",
    loader=LOADER,
    model=MODEL,
    model_class="LinearForecaster",
    model_name="linear_forecaster",
    model_options={"scale": 0.02},
    options_full={"length": 2000, "window": 24, "period": 24},
    options_smoke={"length": 80, "window": 8, "period": 12},
    variations=(
        Variation("raw", {}),
        Variation("differenced", {"difference": True}),
        Variation("smoothed", {"smoothing": 0.2}),
        Variation("differenced-smoothed", {"difference": True, "smoothing": 0.2}),
    ),
    metric="negative_mae",
    lr=0.01,
    epochs=40,
    description="One-step forecasting of a seasonal series with an autoregressive model, with and "
    "without differencing and smoothing. 40 epochs, learning rate 0.01, mean absolute error.",
)
