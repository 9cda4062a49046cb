"""Judging, running and changing experiment bundles, with neither a model nor LangGraph."""
