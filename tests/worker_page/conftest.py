"""A real Chromium, and the skeleton page in it as a worker gets it. Nothing leaves the process:
every request of the page is answered here."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import liquid
import pytest

from terrace.domain import skeleton_page, worker_ui
from terrace.runtime.worker_pages import template
from tests.browser import a_browser
from tests.worker_page.pictures import Person, street

ROOT = Path(__file__).resolve().parents[2]
RIGS = ROOT / "docs" / "skeleton" / "rigs"
PEOPLE = [Person(150, 60, 300), Person(420, 84, 280, shirt="#b4573d", trousers="#2f3a5f")]
WIDTH, HEIGHT = 640, 400
CROWD = """
  // Stands for AWS's crowd-form, which cannot be loaded here: it adds a submit button, and what it
  // submits are the named inputs inside of it (Ground Truth guide, "crowd-form").
  customElements.define("crowd-form", class extends HTMLElement {
    connectedCallback() {
      const button = document.createElement("button");
      button.textContent = "Submit";
      button.onclick = () => {
        this.dispatchEvent(new Event("submit", { cancelable: true }));
        window.submitted = Object.fromEntries(
          [...this.querySelectorAll("input[name]")].map((field) => [field.name, field.value]));
      };
      setTimeout(() => this.append(button));
    }
  });
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for all tests of a file."""
    with a_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def picture() -> bytes:
    """Two people on a pavement, 640 x 400 pixels."""
    return street(WIDTH, HEIGHT, PEOPLE)


def rig(name: str) -> dict[str, Any]:
    """A sample rig: a label category file."""
    found: dict[str, Any] = json.loads((RIGS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def rendered(
    categories: dict[str, Any],
    *,
    earlier: Any = None,
    script: str | None = None,
    address: str | None = None,
) -> str:
    """The page as Ground Truth renders it for one item: Terrace's part, then Liquid.

    Args:
        categories: the label category file.
        earlier: the label of the job under review; None for a job that makes new ones.
        script: the component; None for the one that ships.
        address: where the script is hosted; None puts it into the page.
    """
    source = worker_ui.render_source(
        skeleton_page.fill(
            template("skeleton.liquid.html"),
            category_file=categories,
            reviews=earlier is not None,
            script=template(skeleton_page.SCRIPT) if script is None else script,
            address=address,
        ),
        instructions=None,
        audited_attribute="pose" if earlier is not None else None,
    )
    environment = liquid.Environment(autoescape=True)
    environment.add_filter("to_json", json.dumps)
    environment.add_filter(
        "grant_read_access", lambda uri: uri.replace("s3://", "https://s3.test/")
    )
    line = {"source-ref": "s3://inp/street.png"} | ({} if earlier is None else {"pose": earlier})
    task = {"taskObject": line["source-ref"], "dataObject": line, "labels": None}
    return environment.from_string(source).render(task={"input": task})


class Worker:
    """A page in the browser, worked on with mouse and keys."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.mouse = page.mouse
        self.keys = page.keyboard
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, text: str, picture: bytes, files: dict[str, tuple[str, str]]) -> "Worker":
        """Shows a page; `files` are bodies and the CORS origin they allow, by address."""

        def answer(route: Any) -> None:
            address = route.request.url
            if address in files:
                body, origin = files[address]
                headers = {"access-control-allow-origin": origin}
                route.fulfill(body=body, content_type="text/javascript", headers=headers)
            elif address.startswith("https://assets.crowd.aws/"):
                route.fulfill(body=CROWD, content_type="text/javascript")
            elif address.startswith("https://s3.test/"):
                route.fulfill(body=picture, content_type="image/png")
            elif address == "https://worker.test/task":
                route.fulfill(
                    body=f"<!doctype html><html><body>{text}</body></html>",
                    content_type="text/html; charset=utf-8",
                )
            else:
                route.abort()

        self.page.route("**/*", answer)
        self.page.goto("https://worker.test/task")
        return self

    def ready(self) -> "Worker":
        """Waits until the picture is shown."""
        self.page.wait_for_function(
            "document.querySelector('crowd-2d-skeleton').shadowRoot.querySelector('img').complete"
        )
        self.page.get_by_role("button", name="Submit").wait_for()
        return self

    # --- where things are: from the picture's box on the screen, not from the component -------
    def on_screen(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the picture is on the screen."""
        box = self.page.locator("crowd-2d-skeleton img").bounding_box()
        return box["x"] + x * box["width"] / WIDTH, box["y"] + y * box["height"] / HEIGHT

    def point(self, label: str, skeleton: int = 0) -> Any:
        """The drawn point."""
        quoted = json.dumps(label)
        return self.page.locator(f".point[data-skeleton='{skeleton}'][data-label={quoted}]")

    def drawn_at(self, label: str, skeleton: int = 0) -> tuple[float, float]:
        """Pixel of the picture that a point is drawn on."""
        dot = self.point(label, skeleton).locator("circle").nth(2).bounding_box()
        picture = self.page.locator("crowd-2d-skeleton img").bounding_box()
        x, y = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
        return (
            (x - picture["x"]) * WIDTH / picture["width"],
            (y - picture["y"]) * HEIGHT / picture["height"],
        )

    # --- doing --------------------------------------------------------------------------------
    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """From one pixel of the picture to another, the button held."""
        self.mouse.move(*self.on_screen(*start))
        self.mouse.down()
        self.mouse.move(*self.on_screen((start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
        self.mouse.move(*self.on_screen(*end))
        self.mouse.up()

    def click(self, x: float, y: float) -> None:
        """On a pixel of the picture."""
        self.mouse.click(*self.on_screen(x, y))

    def press(self, *keys: str) -> None:
        """Keys, one after the other."""
        for key in keys:
            self.keys.press(key)

    def button(self, name: str) -> Any:
        """A button by its name."""
        return self.page.get_by_role("button", name=name, exact=True).first

    def new_skeleton(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drags a box for a whole skeleton."""
        self.button("New skeleton").click()
        self.drag(start, end)

    def answer(self) -> dict[str, str]:
        """The form as it stands: what Submit would send."""
        fields: dict[str, str] = self.page.evaluate(
            "Object.fromEntries([...document.querySelectorAll('crowd-form input[name]')]"
            ".map((field) => [field.name, field.value]))"
        )
        return fields

    def submit(self) -> dict[str, str]:
        """Presses Submit."""
        self.button("Submit").click()
        sent: dict[str, str] = self.page.evaluate("window.submitted")
        return sent

    def skeletons(self, fields: dict[str, str] | None = None) -> list[dict[str, dict[str, Any]]]:
        """Points by label of each skeleton of an answer."""
        listed = json.loads((fields or self.answer())["annotations"])
        return [{p["label"]: p for p in one["keypoints"]} for one in listed]


@pytest.fixture
def show(chromium: Any, picture: bytes) -> Iterator[Callable[..., Worker]]:
    """Opens a page text in a fresh tab; fails the test if a script of the page failed."""
    opened: list[Worker] = []

    def start(
        text: str,
        files: dict[str, tuple[str, str]] | None = None,
        size: tuple[int, int] = (1200, 760),
    ) -> Worker:
        page = chromium.new_page(viewport={"width": size[0], "height": size[1]})
        page.set_default_timeout(8000)
        opened.append(Worker(page))
        return opened[-1].open(text, picture, files or {})

    yield start
    for worker in opened:
        worker.page.close()
        assert worker.errors == []
