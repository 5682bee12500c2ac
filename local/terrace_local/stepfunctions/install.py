"""Puts the pieces of Step Functions together, once per process."""

from dataclasses import dataclass

from terrace_local.roles import RoleSessions
from terrace_local.stepfunctions.clients import MachineClients
from terrace_local.stepfunctions.frontend import Frontend
from terrace_local.stepfunctions.interpreter import Interpreter
from terrace_local.stepfunctions.tokens import TokenRegistry


@dataclass(frozen=True)
class StepFunctions:
    """The running parts, for those who stop the server or look inside."""

    interpreter: Interpreter
    tokens: TokenRegistry


def install(endpoint: str, roles: RoleSessions) -> StepFunctions:
    """Load moto's interpreter into MiniStack."""
    # Loads every module of the interpreter, so that what follows replaces names in all of them.
    import moto.stepfunctions.parser.asl.parse.preprocessor  # noqa: F401

    from terrace_local.stepfunctions import authorization, gaps

    interpreter, tokens = Interpreter(), TokenRegistry()
    gaps.close_all(tokens)
    authorization.install()
    MachineClients(endpoint, roles).install()
    Frontend(interpreter, tokens).install()
    return StepFunctions(interpreter, tokens)
