"""The record of a run: written as it happens, resumed from, verified, questioned and exported."""
