"""The skeleton page of one job: its rig, its script, and the answers of the job before.

Done when the page is uploaded, because Ground Truth hands a Custom page the item and nothing of
the job but label names. `worker_ui.render_source` then puts in what every page has.
"""

import base64
import hashlib
import html
import json
import re
from typing import Any

from terrace.domain.skeleton import BOX, CLASSES, RIG

SCRIPT = "crowd-2d-skeleton.js"
"""The component, a file of `worker_ui/`."""
SCRIPT_MARK = "<!-- terrace:skeleton-script -->"
RIG_MARKS = {
    "terrace:keypoint-classes": CLASSES,
    "terrace:skeleton-rig": RIG,
    "terrace:skeleton-bounding-box": BOX,
}
_EARLIER = re.compile(
    r"<!-- terrace:earlier-answers -->\n?(.*?)<!-- /terrace:earlier-answers -->\n?", re.DOTALL
)
_LIQUID = str.maketrans({"{": "&#123;", "}": "&#125;"})


def fill(
    template: str,
    *,
    category_file: dict[str, Any],
    reviews: bool,
    script: str,
    address: str | None,
) -> str:
    """The skeleton template with everything of this job in it, before `render_source`.

    Args:
        template: `skeleton.liquid.html`.
        category_file: holds `keypointClasses`, and maybe a rig and its box (`skeleton.check`).
        reviews: whether the job shows the skeletons of an earlier one. The page then keeps the
            mark of the attribute's name, for `render_source`.
        script: the component's text.
        address: HTTPS address from which workers' browsers load the script; None puts the
            script itself into the page.
    """
    text = _EARLIER.sub(r"\1" if reviews else "", template)
    for mark, key in RIG_MARKS.items():
        value = category_file.get(key)
        text = text.replace(mark, "" if value is None else _attribute(value))
    return text.replace(SCRIPT_MARK, _script(script, address))


def script_key(script: str) -> str:
    """S3 key of this very version of the component: another text is another key.

    A page that is being worked on goes on loading the version that it was made for.

    >>> script_key("x")
    'crowd-2d-skeleton-2d711642b726b044.js'
    """
    return f"crowd-2d-skeleton-{hashlib.sha256(script.encode()).hexdigest()[:16]}.js"


def _script(script: str, address: str | None) -> str:
    if address is not None:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        # With its digest: a worker's browser runs this text or nothing. Needs CORS.
        return (
            f'<script src="{html.escape(address)}" integrity="sha256-{digest}" '
            'crossorigin="anonymous"></script>'
        )
    if "</script" in script or "endraw" in script:
        raise ValueError(f"{SCRIPT} cannot stand in a page: it holds </script or endraw")
    return f"<script>{{% raw %}}\n{script}{{% endraw %}}</script>"


def _attribute(value: object) -> str:
    """JSON inside a quoted attribute, in which Liquid finds nothing to do."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return html.escape(text).translate(_LIQUID)
