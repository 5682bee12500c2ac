"""Imports point inward: domain <- steps <- functions; only wiring builds adapters."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"
TERRACE = FUNCTIONS / "terrace"

IMPURE = {
    "asyncio",
    "boto3",
    "botocore",
    "http",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "requests",
    "secrets",
    "shutil",
    "socket",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib3",
    "uuid",
}
"""What pure code has no use for: AWS, environment, clock, chance, files, threads."""

CLOCK_OR_FILE = re.compile(r"\b(datetime\.(now|utcnow|today)|date\.today|time\.time|open)\(")
EMULATOR_WORDS = re.compile(
    r"ministack|\bmoto\b|localstack|emulat|terrace_local|terrace_cli|AWS_ENDPOINT_URL|127\.0\.0\.1"
    r"|localhost|:4566",
    re.IGNORECASE,
)


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions; `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where an arrow points"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(names: Iterator[str]) -> set[str]:
    """Our own layers among the imports: `terrace.domain.plan` -> `domain`."""
    return {name.split(".")[1] for name in names if name.startswith("terrace.")}


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(FUNCTIONS))) for path in paths]


@pytest.mark.parametrize("path", named(modules(TERRACE / "domain")))
def test_the_domain_is_pure(path: Path) -> None:
    outside = {name.split(".")[0] for name in imports(path)} & IMPURE
    assert not outside
    assert own(imports(path)) <= {"domain", "errors"}
    assert not CLOCK_OR_FILE.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", named(modules(TERRACE / "steps")))
def test_a_step_knows_the_domain_and_the_ports_only(path: Path) -> None:
    outside = {name.split(".")[0] for name in imports(path)} & IMPURE
    assert not outside
    assert own(imports(path)) <= {"domain", "ports", "errors", "steps"}
    assert not CLOCK_OR_FILE.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", named([TERRACE / "ports.py", TERRACE / "errors.py"]))
def test_ports_and_errors_know_only_the_domain(path: Path) -> None:
    assert own(imports(path)) <= {"domain", "errors"}


@pytest.mark.parametrize(
    "path", named(modules(TERRACE / "adapters") + modules(TERRACE / "engines"))
)
def test_an_adapter_knows_nothing_of_steps_and_runtime(path: Path) -> None:
    assert own(imports(path)) <= {"domain", "ports", "errors", "adapters", "engines"}


MAY_KNOW_BOTO3 = [
    TERRACE / "runtime" / "wiring.py",
    *modules(TERRACE / "adapters"),
    *modules(TERRACE / "engines"),
]


@pytest.mark.parametrize(
    "path", named([path for path in modules(TERRACE) if path not in MAY_KNOW_BOTO3])
)
def test_only_wiring_builds_adapters_and_only_they_know_boto3(path: Path) -> None:
    assert not own(imports(path)) & {"adapters", "engines"}
    assert not {name.split(".")[0] for name in imports(path)} & {"boto3", "botocore"}


@pytest.mark.parametrize("path", named(sorted(FUNCTIONS.glob("*/app.py"))))
def test_a_handler_parses_wires_calls_and_dumps(path: Path) -> None:
    assert own(imports(path)) <= {"runtime", "steps", "domain", "errors"}
    assert not {name.split(".")[0] for name in imports(path)} & {"boto3", "botocore"}


@pytest.mark.parametrize("path", named(modules(FUNCTIONS)))
def test_nothing_that_ships_knows_that_it_runs_on_one_machine(path: Path) -> None:
    assert not EMULATOR_WORDS.findall(path.read_text(encoding="utf-8"))


def test_the_reader_of_imports_sees_every_form(tmp_path: Path) -> None:
    # Given a file that imports in three ways, one of them inside a function
    file = tmp_path / "some.py"
    file.write_text(
        "import os.path\nfrom terrace.steps import notify\ndef f():\n    import boto3\n"
    )
    # When its imports are read, then all are there
    assert set(imports(file)) == {"os.path", "terrace.steps.notify", "boto3"}
    assert own(imports(file)) == {"steps"}
