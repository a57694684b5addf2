"""The whole router on a real Asterisk: real SIP phones ring, and the ledger equals what they saw."""
