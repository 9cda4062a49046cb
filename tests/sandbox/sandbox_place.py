"""Place: a sandbox to test, with an interpreter that its user can read."""

import os
from pathlib import Path

from ordinary_user import OrdinaryUser

from ohgw_tools.isolation.host_interpreter import host_interpreter
from ohgw_tools.sandbox import MIB, Interpreter, Limits
from ohgw_tools.sandboxes import bubblewrap, docker


class Place:
    """A sandbox with an interpreter that its user can read."""

    def __init__(self, name):
        self.name = name
        self.close = lambda: None
        if name == "docker":
            self.sandbox = docker.create()
        elif name == "bubblewrap" or os.geteuid() != 0:
            self.sandbox = bubblewrap.create()
        else:
            self.sandbox = OrdinaryUser()
            self.close = self.sandbox.close
        self.interpreter = host_interpreter()
        if isinstance(self.sandbox, OrdinaryUser):
            python = self.sandbox.python
            prefix = str(Path(python).parent.parent)
            self.interpreter = Interpreter(executable=python, prefixes=(prefix,), key="ordinary")

    def run(self, program, *arguments, files=None, environment=None, cancel=None, **limits):
        """Run the text of a Python program within small limits."""
        sizes = {
            "wall_seconds": 30,
            "memory_bytes": 512 * MIB,
            "work_bytes": 64 * MIB,
            "artifact_bytes": 16 * MIB,
            "processes": 128,
        }
        content = program if isinstance(program, bytes) else program.encode()
        return self.sandbox.run(
            {"main.py": content, **(files or {})},
            ("python", "main.py", *arguments),
            interpreter=self.interpreter,
            limits=Limits(**(sizes | limits)),
            environment=environment,
            **({"cancel": cancel} if cancel is not None else {}),
        )
