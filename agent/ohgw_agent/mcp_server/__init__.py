"""The MCP server: judging, repairing and looking up, as tools for coding agents.

Each module of `tools` is one tool, found by its file. Results are data of `answers`; the protocol
itself is the `mcp` package's (extra `ohgw-agent[mcp]`).
"""
