"""A model of the user's own in ONNX: its vectors in the place of edges and colours.

The model gets a batch of crops as RGB in 0..1, less the mean and over the deviation of ImageNet, as
most published ones want it; (n, 3, height, width) or (n, height, width, 3), whichever its input
says. Its first output, flattened, is the vector. Sizes that the model leaves open are 224.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from terrace.domain.quality.looks import Embedder, Pixels, Vectors
from terrace_cli.errors import EXIT_WRONG, TerraceError

SIZE = 224
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)
"""Of ImageNet's pictures, channel by channel, as torchvision's models are trained with."""
INSTALL = "python -m pip install onnxruntime==1.31.1"


def load(path: Path) -> Embedder:
    """A model file as something that makes vectors of crops.

    Raises:
        TerraceError: onnxruntime is not installed, or the file is no model that takes pictures.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise TerraceError(
            "--onnx needs onnxruntime, which is not installed", INSTALL, EXIT_WRONG
        ) from error
    if not path.is_file():
        raise TerraceError(f"there is no model {path}", exit_code=EXIT_WRONG)
    failures = tuple(
        getattr(onnxruntime.capi.onnxruntime_pybind11_state, name)
        for name in ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented")
    )
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except failures as error:
        raise TerraceError(f"{path} is no ONNX model: {error}", exit_code=EXIT_WRONG) from error
    return of_session(session, str(path), failures)


def of_session(
    session: Any, name: str = "the model", failures: tuple[type[Exception], ...] = ()
) -> Embedder:
    """Vectors by a session of onnxruntime, or by what answers like one.

    Raises:
        TerraceError: Its input is not one batch of pictures.
    """
    inputs = session.get_inputs()
    shape = list(inputs[0].shape) if len(inputs) == 1 else []
    first = len(shape) == 4 and shape[1] == 3
    if len(shape) != 4 or not (first or shape[3] == 3):
        raise TerraceError(
            f"{name} takes {[list(one.shape) for one in inputs]}",
            "one input of (n, 3, height, width) or (n, height, width, 3)",
            EXIT_WRONG,
        )
    sides = shape[2:] if first else shape[1:3]
    height, width = (side if isinstance(side, int) and side > 0 else SIZE for side in sides)
    whole_batches = not isinstance(shape[0], int)

    def embed(crops: Sequence[Pixels]) -> Vectors:
        batch = np.stack([_prepared(pixels, width, height) for pixels in crops])
        if first:
            batch = np.ascontiguousarray(batch.transpose(0, 3, 1, 2))
        # A model with a batch size of its own is asked for one picture after the other.
        parts = [batch] if whole_batches else [batch[at : at + 1] for at in range(len(batch))]
        try:
            found = [session.run(None, {inputs[0].name: part})[0] for part in parts]
        except failures as error:
            raise TerraceError(
                f"{name} fails on a picture: {error}", exit_code=EXIT_WRONG
            ) from error
        rows: Vectors = np.concatenate(found).reshape(len(crops), -1).astype(np.float64)
        return rows

    return embed


def _prepared(pixels: Pixels, width: int, height: int) -> np.ndarray:
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
    return (np.asarray(image, dtype=np.float32) / 255.0 - MEAN) / DEVIATION
