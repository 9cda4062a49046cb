"""What a command and all its processes take: CPU seconds, and memory that is theirs (PSS: a page
that several share counts once). Read from /proc, for each process of the command's session.
"""

import os
import subprocess
import threading
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class ProcessTree:
    """Runs a command; `memory` holds (seconds, MiB), `cpu` seconds of all processes together."""

    def __init__(self, command, **more):
        self.memory = []
        self._cpu = {}
        self._began = time.monotonic()
        self.process = subprocess.Popen(
            list(map(str, command)), start_new_session=True, text=True, **more
        )
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @property
    def cpu(self):
        return sum(self._cpu.values())

    @property
    def peak(self):
        return max((m for _, m in self.memory), default=0.0)

    def around(self, share):
        """Memory when this share of the samples had been taken, as a mean over a tenth of them."""
        middle = round(share * (len(self.memory) - 1))
        span = self.memory[max(0, middle - len(self.memory) // 20) :][: len(self.memory) // 10 + 1]
        return sum(m for _, m in span) / len(span)

    def wait(self):
        """Return standard output and the seconds that it took."""
        stdout, _ = self.process.communicate()
        seconds = time.monotonic() - self._began
        self._thread.join()
        return stdout, seconds

    def _watch(self):
        while self.process.poll() is None:
            total = 0
            for place in Path("/proc").glob("[0-9]*"):
                try:
                    facts = (place / "stat").read_text().rpartition(")")[2].split()
                    if int(facts[3]) != self.process.pid:
                        continue
                    self._cpu[place.name] = (int(facts[11]) + int(facts[12])) / TICKS
                    rollup = (place / "smaps_rollup").read_text()
                except (OSError, IndexError):
                    continue
                total += int(rollup.partition("\nPss:")[2].split()[0])
            if total:
                self.memory.append((time.monotonic() - self._began, total / 1024))
            time.sleep(0.5)
