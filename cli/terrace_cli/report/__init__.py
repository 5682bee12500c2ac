"""`terrace report`: the report on a batch as lines, and as one page that needs nothing else."""
