"""`terrace quality`: labels looked at from the command line, with the checks that gates use."""
