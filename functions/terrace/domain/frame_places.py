"""Which frame of a sequence file a frame of a SeqLabel.json is.

Ground Truth's tool for point clouds converts every frame, and labels the converted file: a
SeqLabel.json names `0.txt.pcd` where the sequence file says `0.txt` ("3D point cloud object
tracking output" and the examples in its documentation). Video frames keep their names.
"""

from collections import Counter
from collections.abc import Sequence

CONVERTED = ".pcd"


class FramePlaces:
    """Frames of a sequence file, found by what a SeqLabel.json says of them.

    Args:
        names: the frames' names, in order.
        numbers: `frame-no` of each as the labels count it, where that is known; without it a
            frame is found by its name only.
    """

    def __init__(self, names: Sequence[str], numbers: Sequence[int | None] | None = None) -> None:
        self.by_name = {name: place for place, name in enumerate(names)}
        often = Counter(numbers or ())
        self._by_number = {
            number: place
            for place, number in enumerate(numbers or ())
            if number is not None and often[number] == 1
        }

    def find(self, name: str | None, number: int | None = None) -> int | None:
        """Place from 0: of this very name, else without `.pcd` at its end, else by the number."""
        if name is not None:
            for known in (name, name.removesuffix(CONVERTED)):
                if known in self.by_name:
                    return self.by_name[known]
        return None if number is None else self._by_number.get(number)
