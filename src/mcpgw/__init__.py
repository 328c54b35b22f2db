"""A managed security gateway between an MCP client and its MCP servers."""
