"""Makes the pictures of docs/skeleton.md again: `python -m tests.worker_page.screenshots`.

Real pages in a real Chromium, worked on by mouse; pictures stay below 150 KB.
"""

import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from tests.browser import a_browser
from tests.worker_page.conftest import HEIGHT, ROOT, WIDTH, Worker, rendered, rig
from tests.worker_page.pictures import Person, street

FOLDER = ROOT / "docs" / "skeleton"
SIZE = (1120, 640)
WAVING = {
    "left_elbow": (0.2, 0.12),
    "left_wrist": (0.17, -0.02),
    "right_knee": (-0.1, 0.74),
    "right_ankle": (-0.15, 0.95),
    "right_elbow": (-0.17, 0.33),
    "right_wrist": (-0.12, 0.46),
}
PEOPLE = [
    Person(190, 66, 300, bend=WAVING),
    Person(450, 92, 275, shirt="#b4573d", trousers="#2f3a5f"),
]


def label(person: Person, number: int) -> dict[str, Any]:
    """A skeleton on every joint of a drawn person."""
    joints = person.joints().items()
    points = [
        {"id": k, "label": k, "x": x, "y": y, "visibility": "visible"} for k, (x, y) in joints
    ]
    return {"id": f"skeleton-{number}", "keypoints": points}


def save(page: Any, name: str) -> None:
    """A screenshot, few colours: small enough for a repository."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = FOLDER / f"{name}.png"
    image.quantize(160, dither=Image.Dither.NONE).save(path, optimize=True)
    if path.stat().st_size >= 150_000:
        raise SystemExit(f"{path.name} has {path.stat().st_size} bytes; at most 150,000")


def truck() -> bytes:
    """A box truck, drawn on the points of its rig."""
    at = {
        p["label"]: ((p["x"] + 110) * 1.15 * 2, (p["y"] + 60) * 1.15 * 2)
        for p in rig("box-truck")["keypointClasses"]
    }
    image = Image.new("RGB", (WIDTH * 2, HEIGHT * 2), "#cfdde8")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 470, WIDTH * 2, HEIGHT * 2), fill="#8d8f8a")

    def area(fill: str, *labels: str) -> None:
        draw.polygon([at[label] for label in labels], fill=fill, outline="#3b4450")

    low = (at["bumper_left"][0], at["wheel_front_left"][1])
    area("#e9ecef", "box_front_left_top", "box_rear_left_top", "box_rear_left_bottom",
         "box_front_left_bottom")  # fmt: skip
    area("#c3c9d0", "box_front_left_top", "box_front_right_top", "cab_right_roof", "cab_left_roof")
    area("#f7f8f9", "box_front_left_top", "box_front_right_top", "box_rear_right_top",
         "box_rear_left_top")  # fmt: skip
    draw.polygon(
        [at["cab_left_roof"], at["box_front_left_bottom"], at["wheel_front_left"], low],
        fill="#2c5f9e",
    )
    area("#7fa6c9", "cab_left_roof", "cab_right_roof", "windshield_right_bottom",
         "windshield_left_bottom")  # fmt: skip
    area("#356fb5", "windshield_left_bottom", "windshield_right_bottom", "bumper_right",
         "bumper_left")  # fmt: skip
    for label_ in ("wheel_front_left", "wheel_rear_left"):
        x, y = at[label_]
        draw.ellipse((x - 52, y - 30, x + 52, y + 66), fill="#1d2126", outline="#50575f", width=6)
    for label_ in ("headlight_left", "headlight_right"):
        x, y = at[label_]
        draw.ellipse((x - 16, y - 12, x + 16, y + 12), fill="#fff3b0", outline="#3b4450")
    buffer = io.BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(buffer, "PNG")
    return buffer.getvalue()


def main() -> None:
    """Writes every picture."""
    scene = street(WIDTH, HEIGHT, PEOPLE)
    coco = rig("coco-person")
    with a_browser() as browser:

        def worker(text: str, picture: bytes) -> Worker:
            page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
            return Worker(page).open(text, picture, {}).ready()

        placing = worker(rendered(coco), scene)
        placing.button("New skeleton").click()
        placing.mouse.move(*placing.on_screen(140, 60))
        placing.mouse.down()
        placing.mouse.move(*placing.on_screen(180, 200))
        placing.mouse.move(*placing.on_screen(242, 362))
        save(placing.page, "placing")

        answers = [label(person, number) for number, person in enumerate(PEOPLE, start=1)]
        answers[0]["keypoints"][8]["visibility"] = "occluded"
        labeled = worker(rendered(coco, earlier=answers), scene)
        labeled.click(*PEOPLE[0].joints()["left_wrist"])
        save(labeled.page, "labeled")

        for point in answers[1]["keypoints"]:
            side, _, part = point["label"].partition("_")
            if part == "knee":
                other = "left_knee" if side == "right" else "right_knee"
                point["x"], point["y"] = PEOPLE[1].joints()[other]
        swapped = worker(rendered(coco, earlier=answers), scene)
        swapped.click(*PEOPLE[1].joints()["nose"])
        save(swapped.page, "swapped")

        goods = worker(rendered(rig("box-truck")), truck())
        goods.new_skeleton((110 * 1.15 + 30, 80 * 1.15), (510 * 1.15, 282 * 1.15))
        goods.page.get_by_label("Names").uncheck()
        save(goods.page, "box-truck")

        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.goto((FOLDER / "rig-creator.html").as_uri())
        page.locator("#picture").set_input_files(
            {"name": "street.png", "mimeType": "image/png", "buffer": scene}
        )
        page.locator("#json").fill((FOLDER / "rigs" / "coco-person.json").read_text("utf-8"))
        page.get_by_role("button", name="Read what stands here").click()
        page.locator("svg image").wait_for()
        save(page, "rig-creator")
    for path in sorted(Path(FOLDER).glob("*.png")):
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
