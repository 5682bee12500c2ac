"""A few example batches on the embedded AWS; `make demo ARGS='--modality all'` runs every one."""

from pathlib import Path

import pytest

from terrace_cli.demo.modalities import ERROR_MIX, run_modalities
from terrace_cli.demo.stage import Options

pytestmark = pytest.mark.local_aws

# One that is consolidated from several people, one with files per sequence, one without reviews.
REPRESENTATIVE = "SemanticSegmentation,PointCloudObjectTracking,NamedEntityRecognition"


def test_example_batches_end_complete_and_all_their_files_are_ground_truths(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    code = run_modalities(
        Options(
            speed=20,
            error_mix=ERROR_MIX,
            modality=REPRESENTATIVE,
            folder=tmp_path / ".terrace",
        )
    )

    said = capsys.readouterr()
    assert code == 0, said.out + said.err
    assert "3 of 3 are COMPLETE with every file as it should be." in said.out
