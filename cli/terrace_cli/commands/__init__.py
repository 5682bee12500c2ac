"""One module per command of `terrace`; each imports what is heavy only when it runs."""
