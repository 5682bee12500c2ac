"""What stands in front of every emulated service: credentials, faults, the record of calls."""
