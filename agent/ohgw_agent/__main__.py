"""Runs the command line: `python -m ohgw_agent`."""

from ohgw_agent.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
