"""The proposers, one file each."""
