"""A Ray cluster of several nodes on this machine, as a process: prints its address, kills the last
node that was added for each line that it is told, and ends with its input.

    python ray_cluster.py NODES CPUS

Each node is a raylet of its own with its own workers; killing one is as abrupt as a lost machine.
"""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

# Keep every listener on loopback, and Ray's own reports at home.
SETTINGS = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
}


@contextmanager
def running(nodes, cpus):
    """Yield the cluster's address and a function that kills one node."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__)), str(nodes), str(cpus)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **SETTINGS},
    )

    def answer():
        for line in process.stdout:
            if line.startswith("CLUSTER "):
                return line.split()[1]
        raise AssertionError("the cluster did not start")

    def kill():
        process.stdin.write("kill\n")
        process.stdin.flush()
        answer()

    try:
        yield answer(), kill
    finally:
        process.stdin.close()
        process.wait(60)


def main(nodes, cpus):
    from ray.cluster_utils import Cluster

    store = {"object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **store})
    added = [cluster.add_node(num_cpus=cpus, **store) for _ in range(nodes)]
    print("CLUSTER", cluster.address, flush=True)
    for _ in sys.stdin:
        cluster.remove_node(added.pop(), allow_graceful=False)
        print("CLUSTER killed", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
