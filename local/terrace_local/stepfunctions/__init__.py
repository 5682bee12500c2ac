"""Step Functions: MiniStack's front (names, listing, paging, events) over moto's interpreter.

MiniStack keeps the records of executions; only the walk through the states is moto's. `frontend`
replaces the handful of MiniStack functions whose behaviour AWS users rely on, `interpreter` runs an
execution, `tokens` answers SendTask*, `clients` act under the machine's role, `definition` checks
what neither base checks, `gaps` repairs moto.
"""
