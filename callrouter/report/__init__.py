"""The nightly export: what the ledger knows of one date, as files for machines, the accountant and the owner. Pure."""
