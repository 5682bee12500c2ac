"""Pictures for the browser, drawn here: nothing has to be fetched, and every joint is known."""

import io
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

Spot = tuple[float, float]


@dataclass(frozen=True)
class Person:
    """A drawn person. Joints are pixels of the picture; left is the person's own left."""

    x: float
    y: float
    height: float
    shirt: str = "#3d6fb4"
    trousers: str = "#39424e"
    bend: dict[str, Spot] = field(default_factory=dict)
    """Joints that are not where a standing person has them, in parts of the height."""

    def joints(self) -> dict[str, Spot]:
        """The 17 keypoints of COCO."""
        rest = {"nose": (0.0, 0.075)}
        parts = {
            "eye": (0.025, 0.055),
            "ear": (0.05, 0.065),
            "shoulder": (0.11, 0.19),
            "elbow": (0.15, 0.35),
            "wrist": (0.16, 0.49),
            "hip": (0.07, 0.52),
            "knee": (0.08, 0.75),
            "ankle": (0.085, 0.97),
        }
        for part, (dx, dy) in parts.items():
            rest[f"left_{part}"] = (dx, dy)
            rest[f"right_{part}"] = (-dx, dy)
        rest |= self.bend
        return {
            label: (round(self.x + dx * self.height, 1), round(self.y + dy * self.height, 1))
            for label, (dx, dy) in rest.items()
        }


def street(width: int, height: int, people: list[Person]) -> bytes:
    """People on a pavement, as PNG."""
    scale = 2
    image = Image.new("RGB", (width * scale, height * scale), "#b9d3e6")
    draw = ImageDraw.Draw(image)
    horizon = int(height * 0.56) * scale
    for index in range(6):
        left = index * width * scale // 6
        top = horizon - int((0.18 + 0.07 * ((index * 5) % 4)) * height * scale)
        shade = 150 + 12 * ((index * 3) % 5)
        draw.rectangle(
            (left, top, left + width * scale // 6, horizon), fill=(shade, shade - 8, shade - 16)
        )
        for row in range(top + 14 * scale, horizon - 16 * scale, 24 * scale):
            for column in range(
                left + 10 * scale, left + width * scale // 6 - 14 * scale, 22 * scale
            ):
                draw.rectangle((column, row, column + 10 * scale, row + 13 * scale), fill="#7f8fa3")
    draw.rectangle((0, horizon, width * scale, height * scale), fill="#8d8f8a")
    draw.rectangle((0, horizon, width * scale, horizon + 10 * scale), fill="#a7a9a3")
    for one in people:
        _draw(draw, one, scale)
    image = image.resize((width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(
        buffer, "PNG", optimize=True
    )
    return buffer.getvalue()


def _draw(draw: ImageDraw.ImageDraw, person: Person, scale: int) -> None:
    at = {label: (x * scale, y * scale) for label, (x, y) in person.joints().items()}
    unit = person.height * scale

    def limb(labels: list[str], width: float, fill: str) -> None:
        points = [at[label] for label in labels]
        draw.line(points, fill=fill, width=round(width * unit), joint="curve")
        for x, y in points:
            radius = width * unit / 2
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

    feet = (at["left_ankle"], at["right_ankle"])
    for x, y in feet:
        draw.ellipse((x - 0.05 * unit, y, x + 0.05 * unit, y + 0.035 * unit), fill="#222831")
    for side in ("right", "left"):
        limb([f"{side}_hip", f"{side}_knee", f"{side}_ankle"], 0.075, person.trousers)
    torso = [at["left_shoulder"], at["right_shoulder"], at["right_hip"], at["left_hip"]]
    draw.polygon(torso, fill=person.shirt)
    draw.line([*torso, torso[0]], fill=person.shirt, width=round(0.07 * unit), joint="curve")
    for side in ("right", "left"):
        limb([f"{side}_shoulder", f"{side}_elbow"], 0.06, person.shirt)
        limb([f"{side}_elbow", f"{side}_wrist"], 0.048, "#e0b089")
    x, y = at["nose"]
    radius = 0.062 * unit
    draw.rectangle((x - 0.025 * unit, y, x + 0.025 * unit, y + 0.1 * unit), fill="#d5a27a")
    draw.ellipse((x - radius, y - radius * 1.2, x + radius, y + radius * 1.2), fill="#e0b089")
    draw.pieslice(
        (x - radius, y - radius * 1.3, x + radius, y + radius * 0.7), 180, 360, fill="#4b3526"
    )
    for label in ("left_eye", "right_eye"):
        ex, ey = at[label]
        draw.ellipse(
            (ex - 0.007 * unit, ey - 0.005 * unit, ex + 0.007 * unit, ey + 0.009 * unit),
            fill="#222",
        )
