"""Repairs of moto's interpreter, one module per gap. tests/local/test_upstream_gaps.py says when
upstream no longer needs one."""

from terrace_local.stepfunctions.gaps import (
    callback_tokens,
    inline_map_width,
    lost_calls,
    query_language_scope,
    thread_list,
)
from terrace_local.stepfunctions.tokens import TokenRegistry


def close_all(tokens: TokenRegistry) -> None:
    """Apply every repair to this process."""
    thread_list.close()
    query_language_scope.close()
    inline_map_width.close()
    callback_tokens.close(tokens)
    lost_calls.close()
