"""Runs the stack's functions as real processes under the real Lambda runtime interface client.

`executor` takes MiniStack's place at the point where an invocation becomes a process; `pool`
decides which process; `runtime_api` speaks the Lambda Runtime API to it; `zygote` makes processes
quickly; `code` unpacks the deployed artefact.
"""
