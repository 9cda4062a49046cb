"""The text that models are given, as Markdown files, and the loader for it."""
