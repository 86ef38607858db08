"""The rules of a customer session: values in, values out. No I/O, no await, no clock, no randomness."""
