"""JSON read and written fast: the same values as Python's own json, or the same refusal."""

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from terrace.domain import json_text
from terrace.domain.json_text import JsonError

ODD = [
    *("NaN", "-Infinity", "1e999", "-1e400", "1e-400", "-0", "-0.0", "5e-324", "1E5", "01", "1."),
    *(".5", "+1", "-", "1" * 30, "1" * 4301, "18446744073709551616", "9007199254740993.0"),
    *(
        r'"\ud800"',
        r'"\ud83d\ude00"',
        r'"\u0000"',
        r'"\/"',
        r'"\x"',
        '"\x01"',
        '"\x7f"',
        '"\ud800"',
    ),
    *('{"a":1,"a":2}', '{"a":1,}', "[1,]", "{1:2}", "tru", "", " ", "\ufeff1", "1 2", "\x0b1"),
    *("[" * 80 + "]" * 80, "[" * 100_000, '{"":null}', "'a'", "\xa01"),
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=())), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """JSON, whole or with something put into it or taken out."""
    text = json.dumps(
        draw(VALUES),
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, None, 1])),
    )
    if draw(st.booleans()):
        start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        text = text[:start] + draw(st.sampled_from(["", *ODD])) + text[end:]
    return text


def plainly(text: str) -> Any:
    """What json itself makes of a text; JsonError where it, or a number in it, is refused."""

    def finite(number: str) -> float:
        if math.isinf(float(number)):
            raise ValueError
        return float(number)

    def constant(_: str) -> Any:
        raise ValueError

    try:
        return json.loads(text, parse_float=finite, parse_constant=constant)
    except (ValueError, RecursionError):
        return JsonError


def read(text: str) -> Any:
    try:
        return json_text.loads(text, strict=False)
    except JsonError:
        return JsonError


def agree(text: str) -> None:
    # repr tells 1 from 1.0 and from True, 0.0 from -0.0, and one order of keys from another
    assert repr(read(text)) == repr(plainly(text))


@given(texts())
def test_what_is_read_is_what_json_itself_reads(text: str) -> None:
    agree(text)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_every_odd_text_is_read_or_refused_as_json_itself_does(text: str) -> None:
    agree(text)
    agree(f'{{"a":[{text}],"b":1}}')


@given(VALUES)
@example({"a": 1e22, "b": 1e-7, "é": "日本\u2028\x7f", "half": "\ud800"})
def test_what_is_written_reads_back_as_it_was(value: Any) -> None:
    text = json_text.dumps(value)
    text.encode()
    assert "\n" not in text
    assert repr(json.loads(text)) == repr(value)


def test_text_is_written_in_its_own_letters_and_without_blanks() -> None:
    assert json_text.dumps({"é": ["日", 1.5, 2, None, True]}) == '{"é":["日",1.5,2,null,true]}'
    assert json_text.dumps({"é": "\ud800"}) == r'{"\u00e9":"\ud800"}'


def test_a_key_that_stands_twice_is_refused_of_users_and_taken_of_ground_truth() -> None:
    assert json_text.loads('{"a":1,"a":2}', strict=False) == {"a": 2}
    with pytest.raises(JsonError, match="'a' stands twice"):
        json_text.loads('{"a":1,"a":2}')
