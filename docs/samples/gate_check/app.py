"""A gate's check of your own, to copy: images with fewer boxes than objects were counted.

Each line of the first job's manifest may say how many objects a detector of yours counted:
`{"source-ref": "s3://...", "expected-objects": 3}`. A line that says nothing is not checked.
The event and the answer are described in docs/quality/gates.md, "A check of your own".

The function needs no rights but those to write its log. Name it in the stack's parameter
AllowedFunctionArns, then in a gate: `{"check": "lambda", "functionArn": "arn:aws:lambda:..."}`.
"""


def handler(event, _context):
    """Answers with one finding for each item of this slice that has fewer boxes than expected."""
    return {"findings": [found for item in event["items"] for found in look_at(item)]}


def look_at(item):
    """What is to be said of one item: nothing, or that boxes are missing."""
    line = item["line"]
    expected = line.get("expected-objects")
    if expected is None:
        return
    # Of this item: a lane may hold labels of several jobs, each under its own attribute.
    label = line[item["labelAttributeName"]]
    drawn = len(label["annotations"])
    if drawn < expected:
        yield {
            "item": item["item"],
            "sentence": f"{drawn} objects are labeled, {expected} were expected.",
            "severity": "warning",
            # How far the two are apart says what is worst, where a budget is tight.
            "value": drawn,
            "threshold": expected,
        }
