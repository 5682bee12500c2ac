"""The frames themselves: read, decoded, and every tracked box's crop turned into a vector."""

import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, UnidentifiedImageError

from terrace.domain.quality import appearance
from terrace.domain.quality.appearance import Looks
from terrace.domain.quality.findings import Finding
from terrace.domain.quality.looks import Embedder, Pixels, crop
from terrace.domain.quality.tracks import Track
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.quality.places import Places, joined


@dataclass(frozen=True)
class Cell:
    """One box of one frame."""

    track: int
    box: tuple[float, float, float, float]


@dataclass
class Seen:
    """What the pictures of one sequence showed."""

    findings: list[Finding] = field(default_factory=list)
    image_size: tuple[int, int] | None = None
    """(width, height), where every picture has the same."""
    notes: list[str] = field(default_factory=list)


class Pictures:
    """The frames of sequences under one folder or prefix.

    Args:
        folder: Holds the frames by their names, or a folder for each sequence with them.
        places: Reads files.
        embed: Makes vectors of crops.
    """

    def __init__(self, folder: str, places: Places, embed: Embedder) -> None:
        self.folder, self.places, self.embed = folder, places, embed

    def look(
        self,
        tracks: Sequence[Track],
        names: dict[int, str],
        *,
        stem: str | None,
        item: int,
        threshold: float | None,
    ) -> Seen:
        """Check `appearance` of a sequence's boxes, one picture in memory at a time.

        Args:
            tracks: of the sequence; other shapes than boxes are left out.
            names: file name of each frame, by its number.
            stem: name of the sequence: pictures may be in a folder of this name.
            item: place of the sequence in the manifest.
            threshold: of the check; None: its own.

        Raises:
            TerraceError: Not one picture can be read.
        """
        cells: dict[int, list[Cell]] = defaultdict(list)
        for at, track in enumerate(tracks):
            if track.kind == "box" and not track.sensor:
                for number, row in zip(track.frames, track.coordinates, strict=True):
                    left, top, width, height = (float(value) for value in row[:4])
                    cells[int(number)].append(Cell(at, (left, top, width, height)))
        seen, sizes = Seen(), set()
        rows: dict[int, list[tuple[int, np.ndarray]]] = defaultdict(list)
        lost: list[str] = []
        folder: str | None = None
        for number in sorted(cells):
            name = names.get(number)
            if name is None:
                lost.append(f"frame {number}, whose file name the labels do not say")
                continue
            try:
                folder = folder or self._folder(stem, name)
                image = self._open(joined(folder, name))
            except TerraceError as error:
                lost.append(str(error))
                continue
            sizes.add((image.shape[1], image.shape[0]))
            crops = [(cell.track, crop(image, *cell.box)) for cell in cells[number]]
            sound = [(at, pixels) for at, pixels in crops if pixels is not None]
            if sound:
                vectors = self.embed([pixels for _, pixels in sound])
                for (at, _), vector in zip(sound, vectors, strict=True):
                    rows[at].append((number, vector))
        if lost and len(lost) == len(cells):
            raise TerraceError(
                f"none of {len(cells)} pictures can be read: {lost[0]}",
                "--frames is the folder, or s3:// prefix, with the frames by their file names",
                EXIT_WRONG,
            )
        if lost:
            seen.notes.append(
                f"{len(lost)} of {len(cells)} pictures could not be looked at, the first: {lost[0]}"
            )
        if len(sizes) == 1:
            seen.image_size = sizes.pop()
        for at, found in sorted(rows.items()):
            track = tracks[at]
            looks = Looks(
                object=track.id,
                objectName=track.name,
                label=track.label,
                frameNos=[number for number, _ in found],
                frames=[names[number] for number, _ in found],
                vectors=np.stack([vector for _, vector in found]),
            )
            seen.findings += appearance.check(looks, threshold=threshold, item=item)
        return seen

    def _folder(self, stem: str | None, name: str) -> str:
        """Where the sequence's pictures are: in a folder of its own, or in the one given."""
        if stem:
            own = joined(self.folder, stem)
            try:
                self._open(joined(own, name))
            except TerraceError:
                return self.folder
            return own
        return self.folder

    def _open(self, place: str) -> Pixels:
        data = self.places.data(place, "the picture")
        try:
            with Image.open(io.BytesIO(data)) as image:
                return np.asarray(image.convert("RGB"), dtype=np.uint8)
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
            raise TerraceError(f"{place} is no picture: {error}", exit_code=EXIT_WRONG) from error
