"""Reinforcement learning: tabular control in a grid."""

from kind import Kind, Variation

LOADER = '''
def load_grid_world(options: dict, seed: int) -> dict:
    """A square grid with walls; the agent starts in one corner, the goal is the other."""
    rng = np.random.default_rng(seed)
    size = int(options["size"])
    walls = rng.random((size, size)) < options.get("wall_rate", 0.1)
    walls[0, 0] = walls[-1, -1] = False
    return {
        "walls": walls,
        "n_inputs": size * size,
        "n_outputs": 4,
        "episodes": int(options.get("episodes", 5)),
        "horizon": int(options.get("horizon", 50)),
    }
'''
MODEL = '''
class TabularAgent:
    """Q-learning or SARSA with an epsilon-greedy policy."""

    MOVES = ((-1, 0), (1, 0), (0, -1), (0, 1))

    def __init__(self, n_inputs, n_outputs, method, seed, gamma=0.95):
        self.table = np.zeros((n_inputs, n_outputs))
        self.rng = np.random.default_rng(seed)
        self.gamma = gamma
        self.rule = method.get("rule", "q_learning")
        self.epsilon = float(method.get("epsilon", 0.1))
        if self.rule not in ("q_learning", "sarsa"):
            raise ValueError(f"unknown update rule: {self.rule}")

    def _act(self, state):
        if self.rng.random() < self.epsilon:
            return int(self.rng.integers(len(self.MOVES)))
        return int(self.table[state].argmax())

    def _step(self, data, position, action):
        size = data["walls"].shape[0]
        row = min(max(position[0] + self.MOVES[action][0], 0), size - 1)
        column = min(max(position[1] + self.MOVES[action][1], 0), size - 1)
        if data["walls"][row, column]:
            row, column = position
        done = (row, column) == (size - 1, size - 1)
        return (row, column), 1.0 if done else -0.01, done

    def _episode(self, data, lr):
        size = data["walls"].shape[0]
        position, total = (0, 0), 0.0
        action = self._act(0)
        for _ in range(data["horizon"]):
            state = position[0] * size + position[1]
            position, reward, done = self._step(data, position, action)
            following = position[0] * size + position[1]
            chosen = self._act(following)
            value = self.table[following].max()
            if self.rule == "sarsa":
                value = self.table[following, chosen]
            target = reward if done else reward + self.gamma * value
            self.table[state, action] += lr * (target - self.table[state, action])
            total, action = total + reward, chosen
            if done:
                break
        return total

    def fit_epoch(self, data, lr):
        returns = [self._episode(data, lr) for _ in range(data["episodes"])]
        return float(-np.mean(returns))

    def score(self, data):
        return float(np.mean([self._episode(data, 0.0) for _ in range(data["episodes"])]))

    def state(self):
        return {"table": self.table}
'''
KIND = Kind(
    name="reinforcement",
    dataset="grid-world",
    loader_name="load_grid_world",
    loader=LOADER,
    model=MODEL,
    model_class="TabularAgent",
    model_name="tabular_agent",
    model_options={"gamma": 0.97},
    options_full={"size": 8, "wall_rate": 0.1, "episodes": 20, "horizon": 100},
    options_smoke={"size": 4, "wall_rate": 0.1, "episodes": 2, "horizon": 10},
    variations=(
        Variation("q-learning", {"rule": "q_learning"}),
        Variation("sarsa", {"rule": "sarsa"}),
        Variation("sarsa-explorative", {"rule": "sarsa", "epsilon": 0.3}),
    ),
    metric="mean_return",
    lr=0.2,
    epochs=25,
    description="Control of an agent in a grid world: Q-learning against SARSA, at two rates of "
    "exploration. 25 epochs of 20 episodes, learning rate 0.2, metric mean return.",
)
