"""The tools. Each module has `TITLE`, `WRITES` (whether it changes files) and `tool(desk)`, which
returns the function that answers a call; its signature is the tool's input and output schema.
"""
