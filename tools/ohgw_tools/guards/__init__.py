"""Guards: one way to cheat, one file. `ohgw_tools.guard` finds them by their files."""
