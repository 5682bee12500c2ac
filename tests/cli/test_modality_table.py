"""docs/modalities.md: made from the table, and kept so."""

from pathlib import Path

import pytest

from terrace.domain.modalities import MODALITIES
from terrace_cli import modality_table

ROOT = Path(__file__).resolve().parents[2]


def test_the_file_is_what_the_table_says() -> None:
    assert modality_table.FILE.read_text(encoding="utf-8") == modality_table.page()
    assert modality_table.main(["--check"]) == 0


def test_a_stale_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "modalities.md"
    stale.write_text("# Modalities\n", encoding="utf-8")
    monkeypatch.setattr(modality_table, "FILE", stale)
    assert modality_table.main(["--check"]) == 1
    assert "make schemas" in capsys.readouterr().err
    assert modality_table.main([]) == 0
    assert modality_table.main(["--check"]) == 0


@pytest.mark.parametrize("name", MODALITIES)
def test_every_modality_has_a_row_in_both_tables_and_an_example_that_exists(name: str) -> None:
    lines = modality_table.page().split("\n")
    rows = [line for line in lines if line.startswith(f"| `{name}` |")]
    assert len(rows) == 2
    assert (ROOT / "events" / f"api.create.{MODALITIES[name].base}.json").exists()
    assert f"events/api.create.{MODALITIES[name].base}.json" in rows[0]
