"""AWS in memory, fast and exact where Terrace looks: one module per service."""
