"""`terrace demo`: one real batch from label to audit to adjust, on this machine, in a minute."""
