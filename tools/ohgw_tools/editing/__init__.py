"""Edits made and read: anchors, key paths, definitions, diffs, and why one is refused."""
