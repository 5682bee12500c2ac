"""What a job's gate did, in words."""

from typing import Any

Json = dict[str, Any]


def gate_lines(gate: Json) -> list[str]:
    """One line of numbers and, where a lot hung on a sample, what became of it.

    Args:
        gate: as `show` and reports have it.
    """
    frames = ""
    if gate.get("selectedFrames") is not None:
        frames = f", {_number(gate['selectedFrames'])} of {_number(gate.get('frames'))} frames"
    found = [
        f"gate: {_number(gate.get('items'))} items, {_number(gate.get('flagged'))} flagged, "
        f"{_number(gate.get('selected'))} sent{frames}{_rest(gate)}"
    ]
    if gate.get("lot"):
        found.append(lot_line(gate["lot"]))
    return found


def lot_line(lot: Json) -> str:
    """`sample of 8: 1 wrong, 0 allowed: rejected, everything was sent`."""
    text = f"sample of {_number(lot.get('looked'))}: "
    if lot.get("accepted") is None:
        return f"{text}not yet judged, {_number(lot.get('allowed'))} wrong allowed"
    text += f"{_number(lot.get('wrong'))} wrong, {_number(lot.get('allowed'))} allowed: "
    if lot["accepted"]:
        left = lot.get("size", 0) - lot.get("looked", 0)
        return f"{text}accepted, {_number(left)} more stand as they are"
    return f"{text}rejected, everything was sent"


def _rest(gate: Json) -> str:
    """The items that were not sent. What could not be read is not sent either, nor accepted."""
    items, selected = gate.get("items"), gate.get("selected")
    if items is None or selected is None or items <= selected:
        return ""
    left = _number(items - selected)
    lot = gate.get("lot") or {}
    if lot and lot.get("accepted") is None:
        return f", {left} not sent (yet)"
    broken = "unreadable" in (gate.get("byCheck") or {})
    return f", {left} {'not sent' if broken else 'accepted as they are'}"


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
