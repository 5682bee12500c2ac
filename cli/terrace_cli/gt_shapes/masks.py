"""Masks of semantic segmentation: PNG files whose colours the metadata explains."""

import io
from typing import Any

from PIL import Image, UnidentifiedImageError

from terrace_cli.gt_shapes.report import At, Fetch, colour_map


def check_mask(
    metadata: dict[str, Any],
    meta: At,
    file: tuple[bytes, str] | None,
    line: dict[str, Any],
    fetch: Fetch | None,
) -> None:
    """Checks colour map and mask: every pixel has a colour of the map."""
    spot = meta.inside("internal-color-map")
    colours = colour_map(metadata.get("internal-color-map"), spot, "BACKGROUND")
    if file is None:
        return
    at = At(meta.report, file[1], meta.strict)
    try:
        with Image.open(io.BytesIO(file[0])) as picture:
            if not at.need(picture.format == "PNG", f"is {picture.format}, not PNG"):
                return
            size = picture.size
            counted = picture.convert("RGB").getcolors(maxcolors=4096)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        at.bad(f"is no readable image: {error}")
        return
    if at.need(counted is not None, "has more than 4096 colours: it is no mask"):
        used = {"#{:02x}{:02x}{:02x}".format(*colour) for _, colour in counted or []}
        foreign = sorted(used - set(colours.values()))
        at.need(not foreign, f"has colours that are not in the map: {', '.join(foreign[:5])}")
    _check_size(size, line, fetch, at)


def _check_size(size: tuple[int, int], line: dict[str, Any], fetch: Fetch | None, at: At) -> None:
    if fetch is None:
        return
    try:
        with Image.open(io.BytesIO(fetch(str(line.get("source-ref"))))) as source:
            whole = source.size
    except (LookupError, UnidentifiedImageError, OSError):
        return
    at.need(size == whole, f"is {size[0]} x {size[1]}, its image {whole[0]} x {whole[1]}")
