"""A proposer that says where it is asked and then waits for a file, for tests that stop it."""

import os
import time
from pathlib import Path


class WaitingProposer:
    name = "waiting"

    def propose(self, situation):
        folder = Path(os.environ["WAITING_FOLDER"])
        (folder / "asked").touch()
        while not (folder / "go-on").exists():
            time.sleep(0.02)
