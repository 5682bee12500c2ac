"""What a worker will see of one item, made into a page to look at before anything is created."""
