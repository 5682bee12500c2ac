"""Gap: the parser's query-language stack is a class attribute.

A failed parse poisons later ones, and threads that parse at once share it.
"""

from typing import Any


def close() -> None:
    """Give every parse a stack of its own."""
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

    def with_own_stack(self: Any) -> None:
        self._query_language_per_scope = []

    Preprocessor.__init__ = with_own_stack
