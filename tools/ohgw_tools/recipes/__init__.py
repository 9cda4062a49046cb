"""The repairs that need no model, one file each."""
