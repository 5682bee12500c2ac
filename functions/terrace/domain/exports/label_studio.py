"""Label Studio: tasks with annotations, and the labeling configuration that they need.

Places are percent of the image, 0 to 100; a text's offsets count characters and its end is outside.
Images without labels are tasks with an empty result. Source: labelstud.io/guide/export (JSON) and
the tags' own pages.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from terrace.domain.exports.holding import sized
from terrace.domain.exports.model import (
    BoxShape,
    Files,
    Head,
    Item,
    KeypointsShape,
    PolygonShape,
)
from terrace.domain.exports.numbers import number
from terrace.domain.exports.text import attribute, dumps

Json = dict[str, Any]


def image_path(item: Item) -> str:
    """Label Studio reads the images where they are."""
    return item.name


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `tasks.json`, task by task, and `config.xml`."""
    files.append("tasks.json", "[")
    only_texts = None
    for index, item in enumerate(items):
        only_texts = item.text is not None and only_texts is not False
        files.append("tasks.json", f"{',' if index else ''}\n{dumps(_task(item, index, head))}")
    files.append("tasks.json", "]\n")
    files.write("config.xml", _config(head, texts=bool(only_texts)))


def _config(head: Head, *, texts: bool) -> str:
    """A project has one View: that of its tasks; the other stands beside it as a comment."""
    labels = "".join(f"<Label value={attribute(name)}/>" for name in head.classes)
    choices = "".join(f"<Choice value={attribute(name)}/>" for name in head.classes)
    image = "".join(
        f'<{tag} name="{name}" toName="image">{labels}</{tag}>'
        for tag, name in (
            ("RectangleLabels", "box"),
            ("PolygonLabels", "polygon"),
            ("KeyPointLabels", "keypoint"),
        )
    )
    of_images = (
        f'<View><Image name="image" value="$image"/>{image}'
        f'<Choices name="class" toName="image" choice="multiple">{choices}</Choices></View>'
    )
    of_texts = (
        f'<View><Labels name="label" toName="text">{labels}</Labels>'
        '<Text name="text" value="$text"/>'
        f'<Choices name="class" toName="text" choice="multiple">{choices}</Choices></View>'
    )
    if texts:
        return f"<!-- For texts. -->\n{of_texts}\n"
    return (
        "<!-- For images. A project of texts has the second View. -->\n"
        f"{of_images}\n<!-- {of_texts} -->\n"
    )


def _task(item: Item, index: int, head: Head) -> Json:
    is_text = item.text is not None
    data = {"text": item.text} if is_text else {"image": item.uri or item.name}
    target = "text" if is_text else "image"
    result = [] if is_text else list(_shapes(item, head))
    for span in item.spans:
        text = (item.text or "")[span.start : span.end]
        value = {"start": span.start, "end": span.end, "text": text, "labels": [span.label]}
        result.append({"from_name": "label", "to_name": target, "type": "labels", "value": value})
    if item.tags:
        choices = {"choices": [tag.label for tag in item.tags]}
        result.append(
            {"from_name": "class", "to_name": target, "type": "choices", "value": choices}
        )
    numbered = [{"id": f"r{number}", **one} for number, one in enumerate(result)]
    return {
        "id": index + 1,
        "data": {**data, "name": item.name},
        "annotations": [{"id": index + 1, "result": numbered, "ground_truth": False}],
    }


def _shapes(item: Item, head: Head) -> Iterator[Json]:
    if not item.objects:
        return
    width, height = sized(item)

    def across(value: float) -> int | float:
        return number(value * 100 / width)

    def down(value: float) -> int | float:
        return number(value * 100 / height)

    for one in item.objects:
        head.number(one.label, item.uri)
        common: Json = {
            "to_name": "image",
            "original_width": width,
            "original_height": height,
            "image_rotation": 0,
        }
        if one.attributes or one.track:
            common["meta"] = {**one.attributes, **({"track": one.track} if one.track else {})}
        shape = one.shape
        if isinstance(shape, BoxShape):
            value: Json = {
                "x": across(shape.left),
                "y": down(shape.top),
                "width": across(shape.width),
                "height": down(shape.height),
                "rotation": 0,
                "rectanglelabels": [one.label],
            }
            yield {"from_name": "box", "type": "rectanglelabels", "value": value, **common}
        elif isinstance(shape, PolygonShape):
            points = [[across(x), down(y)] for x, y in shape.points]
            value = {"points": points, "closed": True, "polygonlabels": [one.label]}
            yield {"from_name": "polygon", "type": "polygonlabels", "value": value, **common}
        else:
            assert isinstance(shape, KeypointsShape)
            for point in shape.points:
                if not point.visibility:
                    continue
                value = {
                    "x": across(point.x),
                    "y": down(point.y),
                    "width": 0.5,
                    "keypointlabels": [one.label],
                }
                said = {"point": point.name, **({"hidden": True} if point.visibility == 1 else {})}
                yield {
                    "from_name": "keypoint",
                    "type": "keypointlabels",
                    "value": value,
                    **common,
                    "meta": {**common.get("meta", {}), **said, "object": one.name},
                }
