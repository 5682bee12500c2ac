"""`terrace convert`: data sets read and written on this machine."""
