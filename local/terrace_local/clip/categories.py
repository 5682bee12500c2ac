"""Label category files, with the keys of AWS's own video notebooks."""

from typing import Any

DOCUMENT_VERSION = "2020-08-15"


def vehicle_categories() -> dict[str, Any]:
    """Boxes around the moving pictures: Car when it is wide, Van when it is tall."""
    moving = {"name": "Moving", "type": "string", "enum": ["Stationary", "Dynamic"]}
    return {
        "document-version": DOCUMENT_VERSION,
        "frameAttributes": [
            {
                "name": "Vehicle_Count",
                "description": "How many vehicles do you see in the scene?",
                "type": "number",
            }
        ],
        "labels": [
            {"label": "Car", "attributes": [moving]},
            {"label": "Van", "attributes": [moving]},
        ],
        "instructions": {
            "shortInstruction": "Draw a box around every picture that moves.",
            "fullInstruction": (
                "Every photograph that moves over the ground is a vehicle. One that is wider "
                "than high is a Car, one that is higher than wide is a Van. Keep one object per "
                "vehicle through all frames."
            ),
        },
        "annotationType": "BoundingBox",
    }


def lane_categories() -> dict[str, Any]:
    """Polylines along the painted lines on the ground."""
    return {
        "document-version": DOCUMENT_VERSION,
        "labels": [{"label": "Lane"}],
        "instructions": {
            "shortInstruction": "Draw a line along every painted lane.",
            "fullInstruction": (
                "Every bright line painted on the ground is a lane. Follow it from the bottom "
                "of the picture to its end, also where a vehicle covers it."
            ),
        },
        "annotationType": "Polyline",
    }


def image_categories() -> dict[str, Any]:
    """Classes for boxes on single images."""
    return {"document-version": "2018-11-28", "labels": [{"label": "Car"}, {"label": "Van"}]}


def image_verdicts() -> dict[str, Any]:
    """Verdicts for a verification of such boxes."""
    return {
        "document-version": "2018-11-28",
        "labels": [
            {"label": "Label(s) correct"},
            {"label": "Incorrect label - missed object"},
            {"label": "Incorrect label - bounding box not accurate enough"},
        ],
    }
