"""Deploys the real template to the local AWS, and says loudly what it could not.

`template` reads and expands it, `package` zips the code, `workforce` makes what the template takes
for granted, `stack` creates and verifies, `contract` says where everything is.
"""
