"""Draws the plan of a sequence: photographs cut out, scaled and laid over one another."""

import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw

from terrace_local.clip.photos import open_background, open_cutout
from terrace_local.clip.scene import LANE_WIDTH, PAN_X, PAN_Y, Scene

JPEG_QUALITY = 80
LANE_COLOURS = ((250, 245, 210), (250, 200, 60), (235, 235, 235))


def jpeg(picture: Image.Image) -> bytes:
    """The picture as a JPEG file; the same picture gives the same bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def render_scene(scene: Scene, photos: Path) -> Iterator[tuple[str, bytes]]:
    """Every frame's file name and JPEG, in order."""
    ground = open_background(photos, scene.background, scene.width + PAN_X, scene.height + PAN_Y)
    # Lanes are painted on the ground, so they move with it and vehicles drive over them.
    brush = ImageDraw.Draw(ground)
    for lane, colour in zip(scene.lanes, LANE_COLOURS, strict=False):
        brush.line(lane.vertices, fill=colour, width=LANE_WIDTH, joint="curve")
    pictures = [open_cutout(photos, vehicle.cutout) for vehicle in scene.vehicles]
    for index in range(scene.frames):
        x, y = scene.pan(index)
        frame = ground.crop((x, y, x + scene.width, y + scene.height))
        for vehicle, picture in zip(scene.vehicles, pictures, strict=True):
            box = vehicle.box(scene.time(index))
            size = (int(box.width), int(box.height))
            frame.paste(
                picture.resize(size, Image.Resampling.BILINEAR), (int(box.left), int(box.top))
            )
        yield scene.frame_name(index), jpeg(frame)
