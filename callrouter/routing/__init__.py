"""Pure decisions: numbers, the scheme, and who is rung for a call; nothing here asks a server."""
