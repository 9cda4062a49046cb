"""The text that models are given, as Markdown files, and the strict loader for it."""

from ohgw_prompts.template import Template, names

__all__ = ["Template", "names"]
