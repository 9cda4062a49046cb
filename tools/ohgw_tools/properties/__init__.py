"""Executable statements about what a bundle does, one file each; see `ohgw_tools.property`."""
