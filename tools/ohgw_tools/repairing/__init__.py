"""What recipes share: parts of a training script, templates as edits, sizes of smoke tests."""
