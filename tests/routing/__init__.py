"""Pure decisions: numbers, the scheme, and who is rung."""
