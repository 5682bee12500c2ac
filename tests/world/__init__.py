"""A deterministic world: the real steps, adapters and machine on an AWS that lives in memory."""
