"""The rules of a customer session as pure functions: no I/O, no await, no clock, no randomness."""
