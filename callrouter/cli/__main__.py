"""`python -m callrouter.cli`."""

from callrouter.cli import main

main()
