"""The doctor's judgements, over values."""
