"""Bundles on disk: the JSON file, the folder, the logged document of the original pipeline."""
