"""A model of the user's own: what it is given, what comes back, and clear words where it fails.

The model is written byte by byte, so that no package is needed that writes ONNX: the mean of each
colour over the whole picture.
"""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.quality.onnx_model import DEVIATION, MEAN, load, of_session

Dim = int | str


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(raw)) + raw


def _value(name: str, shape: tuple[Dim, ...]) -> bytes:
    dims = [_number(1, one) if isinstance(one, int) else _bytes(2, one) for one in shape]
    tensor = _number(1, 1) + _bytes(2, b"".join(_bytes(1, one) for one in dims))
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor))


def model(path: Path, *shape: Dim, operator: str = "GlobalAveragePool") -> Path:
    """An ONNX file (onnx.proto3: ModelProto, opset 13) with one node."""
    node = _bytes(1, "x") + _bytes(2, "y") + _bytes(4, operator)
    out = (shape[0], 3, 1, 1)
    graph = (
        _bytes(1, node)
        + _bytes(2, "g")
        + _bytes(11, _value("x", shape))
        + _bytes(12, _value("y", out))
    )
    path.write_bytes(_number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, "") + _number(2, 13)))
    return path


def flat(*color: int, height: int = 20, width: int = 30) -> np.ndarray:
    return np.full((height, width, 3), color, dtype=np.uint8)


CROPS = [flat(255, 0, 0), flat(10, 200, 30, height=50)]
EXPECTED = (np.array([[255, 0, 0], [10, 200, 30]]) / 255 - MEAN) / DEVIATION


@pytest.mark.parametrize(
    "shape", [("n", 3, 16, 16), (1, 3, 16, 16), ("n", 3, "h", "w")], ids=["any", "one", "open"]
)
def test_a_model_gets_normalised_pictures_and_gives_a_row_for_each(
    tmp_path: Path, shape: tuple[Dim, ...]
) -> None:
    found = load(model(tmp_path / "mean.onnx", *shape))(CROPS)
    assert found == pytest.approx(EXPECTED, abs=1e-3)


def test_channels_may_stand_last() -> None:
    class Session:
        """Answers like onnxruntime's: the mean of each channel."""

        def get_inputs(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(name="x", shape=["n", 8, 9, 3])]

        def run(self, _names: None, given: dict[str, np.ndarray]) -> list[np.ndarray]:
            assert given["x"].shape == (2, 8, 9, 3)
            assert given["x"].dtype == np.float32
            return [given["x"].mean(axis=(1, 2))]

    assert of_session(Session())(CROPS) == pytest.approx(EXPECTED, abs=1e-3)


def test_what_takes_no_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TerraceError, match="takes") as refused:
        load(model(tmp_path / "flat.onnx", "n", 5, 4, 4))
    assert "(n, 3, height, width)" in refused.value.hint
    assert refused.value.exit_code == EXIT_WRONG


def test_a_file_that_is_no_model_and_one_that_is_not_there(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(TerraceError, match=r"broken\.onnx is no ONNX model"):
        load(broken)
    with pytest.raises(TerraceError, match="there is no model"):
        load(tmp_path / "none.onnx")


def test_an_operator_that_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(TerraceError, match="is no ONNX model"):
        load(model(tmp_path / "odd.onnx", "n", 3, 4, 4, operator="NoSuchOperator"))


def test_without_onnxruntime_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(TerraceError, match="not installed") as refused:
        load(tmp_path / "any.onnx")
    assert "pip install onnxruntime" in refused.value.hint
