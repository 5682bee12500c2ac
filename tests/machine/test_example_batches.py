"""The example batch of every modality, on an embedded AWS of its own; two to three minutes."""

from pathlib import Path

import pytest

from terrace_cli.demo.examples import NAMES
from terrace_cli.demo.modalities import ERROR_MIX, run_modalities
from terrace_cli.demo.stage import Options

pytestmark = pytest.mark.local_aws


def test_every_example_batch_ends_complete_with_files_as_ground_truth_writes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    code = run_modalities(
        Options(
            speed=20,
            error_mix=ERROR_MIX,
            modality="all",
            folder=tmp_path / ".terrace",
        )
    )

    said = capsys.readouterr()
    assert code == 0, said.out + said.err
    assert f"{len(NAMES)} of {len(NAMES)} are COMPLETE with every file as it should be." in said.out
