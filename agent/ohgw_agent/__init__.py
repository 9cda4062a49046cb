"""Repairs experiment bundles until they are ready, keeping every verdict."""
