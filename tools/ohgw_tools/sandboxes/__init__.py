"""The sandboxes, one file each."""
