"""What each function's artefact holds: numpy where labels are compared, and nowhere else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"
APPS = sorted(path.parent.name for path in FUNCTIONS.glob("*/app.py"))
HEAVY = {"numpy"}


def with_arrays() -> set[str]:
    """Folders of the functions that the Makefile builds with requirements-quality.txt."""
    text = (FUNCTIONS / "Makefile").read_text(encoding="utf-8")
    names = re.search(r"^WITH_ARRAYS := (.*)$", text, re.MULTILINE)
    assert names is not None
    ids = [name.removeprefix("build-").removesuffix("Function") for name in names[1].split()]
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in ids}


def file_of(module: str) -> Path | None:
    """A module of ours; None for one that is not."""
    path = FUNCTIONS.joinpath(*module.split("."))
    if path.with_suffix(".py").exists():
        return path.with_suffix(".py")
    return path / "__init__.py" if (path / "__init__.py").exists() else None


def imported(path: Path) -> Iterator[str]:
    """Names that a file may import: of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def closure(start: Path) -> dict[str, str]:
    """Every top-level package that a file needs in the end, and the file of ours that says so."""
    found: dict[str, str] = {}
    todo, seen = [start], {start}
    while todo:
        path = todo.pop()
        for name in imported(path):
            own = file_of(name)
            if own is None:
                found.setdefault(name.split(".")[0], str(path.relative_to(FUNCTIONS)))
            elif own not in seen:
                seen.add(own)
                todo.append(own)
    return found


@pytest.mark.parametrize("app", APPS)
def test_a_function_needs_numpy_only_where_its_artefact_has_it(app: str) -> None:
    needed = closure(FUNCTIONS / app / "app.py")
    heavy = {name: where for name, where in needed.items() if name in HEAVY}
    if app in with_arrays():
        return
    assert not heavy


def test_the_wiring_that_all_functions_share_is_free_of_numpy() -> None:
    assert not set(closure(FUNCTIONS / "terrace" / "runtime" / "wiring.py")) & HEAVY


def test_prepare_input_needs_what_it_ships() -> None:
    # A rule that never meets its case proves nothing.
    assert "prepare_input" in with_arrays()
    assert set(closure(FUNCTIONS / "prepare_input" / "app.py")) >= HEAVY


def test_what_ships_with_arrays_is_pinned() -> None:
    lines = (FUNCTIONS / "requirements-quality.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert pinned[0] == "-r requirements.txt"
    constraints = (FUNCTIONS.parent / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert set(pinned[1:]) <= set(constraints)
