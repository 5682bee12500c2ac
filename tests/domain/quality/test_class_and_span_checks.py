"""Classes against their neighbours, entities against their texts, cuboids and masks."""

import math

import pytest

from terrace.domain.label_values import ClassesLabel, LabeledItem, MaskLabel, Span, SpansLabel
from terrace.domain.quality.findings import Finding
from terrace.domain.quality.item_checks import check
from terrace.domain.quality.span_checks import length
from tests.domain.quality.labeled import ATTRIBUTE, boxes, cuboids, item, klass, spans


def of(name: str, items: list[LabeledItem]) -> list[Finding]:
    return check(items, ATTRIBUTE, checks={name: None})


# --- classes ---------------------------------------------------------------------------------


def test_a_night_among_days() -> None:
    items = [item(klass("night" if n == 6 else "day"), n) for n in range(1, 12)]
    (found,) = of("class-neighbours", items)
    assert (found.item, found.label, found.value) == (5, "night", 1.0)
    assert found.sentence == ("000006.jpg (line 6) is night; of the 10 items around it 10 are day.")


def test_classes_in_no_order_have_no_outlier() -> None:
    assert of("class-neighbours", [item(klass("abc"[n % 3]), n) for n in range(1, 30)]) == []


def test_a_class_that_hardly_occurs_is_information() -> None:
    items = [item(boxes((1, 1, 9, 9), label="vann" if n == 7 else "van"), n) for n in range(1, 201)]
    (found,) = of("rare-class", items)
    assert (found.item, found.object, found.label) == (6, "0", "vann")
    assert (found.severity, found.value) == ("info", 0.005)
    assert of("rare-class", [item(klass("only"), n) for n in range(1, 9)]) == []


def test_low_confidence_where_confidence_is_usual() -> None:
    sure = [item(klass("a", 0.95), n) for n in range(1, 9)]
    (found,) = of("low-confidence", [*sure, item(klass("a", 0.51), 9)])
    assert (found.item, found.value) == (8, 0.51)
    several = ClassesLabel((klass("a", 0.9), klass("b", 0.2)))
    (found,) = of("low-confidence", [*sure, item(several, 9)])
    assert found.label == "b"


@pytest.mark.parametrize("usual", [0.0, 0.09, None, math.nan])
def test_the_confidence_of_one_worker_says_nothing(usual: float | None) -> None:
    assert of("low-confidence", [item(klass("a", usual), n) for n in range(1, 9)]) == []


# --- entities --------------------------------------------------------------------------------

TEXT = "Acme hired Ann Lee. "


def test_entities_that_share_characters() -> None:
    value = spans((0, 4, "Company"), (11, 18, "Person"), (15, 18, "Family"))
    (found,) = of("span-overlap", [item(value, text=TEXT)])
    assert found.sentence == '"Lee" (Family) and "Ann Lee" (Person) of line 1 share 3 characters.'
    assert of("span-overlap", [item(spans((0, 4, "A"), (4, 9, "B")), text=TEXT)]) == []


def test_an_entity_inside_a_long_one_that_is_not_its_neighbour() -> None:
    value = spans((0, 18, "All"), (0, 4, "Company"), (11, 14, "Person"))
    assert {one.object for one in of("span-overlap", [item(value, text=TEXT)])} == {"0", "2"}


@pytest.mark.parametrize(
    ("span", "name", "value"),
    [
        ((11, 30, "Person"), "span-outside", 10),
        ((4, 5, "Person"), "span-empty", 0),
        ((4, 4, "Person"), "span-empty", 0),
        ((4, 11, "Verb"), "span-spaces", 2),
    ],
)
def test_the_edges_of_an_entity(span: tuple[int, int, str], name: str, value: float) -> None:
    found = check([item(spans(span), text=TEXT)], ATTRIBUTE)
    assert [(one.check, one.value, one.object) for one in found] == [(name, value, "0")]


def test_without_the_text_only_offsets_are_judged() -> None:
    found = check([item(spans((4, 4, "Person"), (90, 99, "Person")))], ATTRIBUTE)
    assert [(one.check, one.object) for one in found] == [("span-empty", "0")]


def test_an_emoji_counts_as_two_where_a_browser_counted() -> None:
    assert (length("cafe"), length("\U0001f600")) == (4, 2)
    assert of("span-outside", [item(spans((0, 2, "Face")), text="\U0001f600")]) == []
    # Behind it, which words an entity names depends on the way of counting: nothing is said
    behind = item(spans((3, 5, "Verb"), (0, 1, "Face")), text="\U0001f600 is here")
    assert check([behind], ATTRIBUTE) == []


def test_the_same_words_under_another_label() -> None:
    usual = [item(spans((0, 4, "Company")), n, text="Acme") for n in range(1, 10)]
    (found,) = of("span-label", [*usual, item(spans((0, 4, "Person")), 10, text="acme sells")])
    assert found.sentence == (
        '"acme" of line 10 is Person; the same words are Company in 9 of 10 places.'
    )
    assert found.value == 0.9
    assert of("span-label", [*usual[:3], item(spans((0, 4, "Person")), 4, text="Acme")]) == []


def test_a_text_without_entities_among_texts_with_some() -> None:
    items = [
        item(spans() if n == 5 else spans((0, 4, "Company")), n, text=TEXT) for n in range(1, 11)
    ]
    assert [one.item for one in of("empty-item", items)] == [4]


def test_the_confidence_of_an_entity() -> None:
    sure = SpansLabel(tuple(Span(n, n + 1, "A", 0.9 if n else 0.3) for n in range(6)), ())
    (found,) = of("low-confidence", [item(sure, text="abcdef")])
    assert found.sentence == '"a" of line 1 is A with a confidence of 0.30; 0.90 is usual.'


# --- clouds and masks ------------------------------------------------------------------------


def test_a_car_twice_as_long_as_cars_are() -> None:
    clouds = [item(cuboids((4, 2, 1.5), (4.1, 2, 1.5)), n) for n in range(1, 11)]
    (found,) = of("cuboid-size", [*clouds, item(cuboids((8, 2, 1.5)), 11)])
    assert (found.item, found.objectName) == (10, "car:1")
    assert "2.0 times as long as car usually is (4.1 m)" in found.sentence
    assert found.value == pytest.approx(6.8, abs=0.2)


def test_a_cuboid_without_volume_is_named_once() -> None:
    found = check([item(cuboids((4, 0, 1.5), (math.nan, 1, 1)))], ATTRIBUTE)
    assert [(one.check, one.object, one.value) for one in found] == [
        ("degenerate-box", "0", 0.0),
        ("degenerate-box", "1", None),
    ]


def test_colours_that_cannot_be_told_apart_or_are_odd() -> None:
    usual = {0: ("BACKGROUND", "#ffffff"), 1: ("car", "#0000ff")}
    masks = [item(MaskLabel("s3://b/m.png", usual), n) for n in range(1, 10)]
    odd = item(MaskLabel("s3://b/m.png", {1: ("car", "#FF0000")}), 10)
    same = item(MaskLabel("s3://b/m.png", {0: ("x", "#0000ff"), 1: ("car", "#0000FF")}), 11)
    found = {one.item: one.sentence for one in of("mask-colors", [*masks, odd, same])}
    assert set(found) == {9, 10}
    assert found[9].endswith("shows car in #FF0000; 10 of 11 masks show it in #0000ff.")
    assert "shows x and car in one colour, #0000ff" in found[10]
