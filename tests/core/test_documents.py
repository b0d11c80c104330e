"""Documents: strict reading, and faults that a facility manager understands."""

from decimal import Decimal
from typing import Any

from hypothesis import given, strategies as st
import pytest
import yaml

from custom_components.compere_prepaid.core import documents
from custom_components.compere_prepaid.core.document_faults import Fault, path_of
from custom_components.compere_prepaid.core.documents import (
    DocumentError,
    load_document,
    read_document,
)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "price": {"type": "number", "minimum": 0},
        "address": {"type": "integer", "minimum": 1, "maximum": 247},
        "mode": {"enum": ["auto", "confirm", "manual"]},
        "from": {"type": "string", "format": "date"},
        "at": {
            "type": "string",
            "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
            "description": "a time of day like 08:00",
        },
        "meters": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "proration": {
            "anyOf": [
                {"const": "none"},
                {
                    "type": "object",
                    "required": ["per_days"],
                    "additionalProperties": False,
                    "properties": {"per_days": {"type": "integer", "minimum": 1}},
                },
            ]
        },
        "slots": {
            "type": "object",
            "propertyNames": {"pattern": "^[0-9]{2}:[0-9]{2}$", "description": "a time like 08:00"},
        },
    },
}


def faults_of(text: str, schema: dict[str, Any] | None = None) -> list[str]:
    """Return the faults of a document as text lines."""
    with pytest.raises(DocumentError) as caught:
        load_document(text, SCHEMA if schema is None else schema, file="site.yaml")
    assert caught.value.key == "document_invalid"
    assert caught.value.placeholders["file"] == "site.yaml"
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.6173", Decimal("0.6173")),
        ("-1.50", Decimal("-1.50")),
        ("200", 200),
        ("-7", -7),
        ("0x0080", 128),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("on", "on"),
        ("", None),
        ("null", None),
        ("~", None),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("007", "007"),
        ("1_000", "1_000"),
        ("33E5", "33E5"),
        ("1.5e3", "1.5e3"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ('"5"', "5"),
        ("'true'", "true"),
        ("9" * 31, "9" * 31),
        ("<<", "<<"),
    ],
)
def test_scalars_mean_what_they_look_like(text: str, value: object) -> None:
    """Numbers are exact, and nothing else turns into a number or a truth value."""
    data = read_document(f"value: {text}\n", file="x").data
    assert data == {"value": value}
    assert type(data["value"]) is type(value)


@pytest.mark.parametrize("parser", [yaml.SafeLoader, documents._PARSER])
def test_both_parsers_read_the_same(
    monkeypatch: pytest.MonkeyPatch, parser: type[yaml.SafeLoader]
) -> None:
    """Without libyaml the result is the same: types, lines, block text."""
    monkeypatch.setattr(documents, "_PARSER", parser)
    text = "a: 1.5\nb: [x, {c: '2'}]\nd: |\n  line\n  # no comment\ne:\n08:00: peak\n"
    document = read_document(text, file="x")
    assert document.data == {
        "a": Decimal("1.5"),
        "b": ["x", {"c": "2"}],
        "d": "line\n# no comment\n",
        "e": None,
        "08:00": "peak",
    }
    assert document.lines == {
        "": 1, "a": 1, "b": 2, "b[0]": 2, "b[1]": 2, "b[1].c": 2, "d": 3, "e": 6, "08:00": 7,
    }  # fmt: skip


def test_lines_name_every_part() -> None:
    """A part that is missing stands where its parent stands."""
    document = read_document("accounts:\n- name: A\n- name: B\n  tariff: T\n", file="x")
    assert document.line_of("accounts", 1, "tariff") == 4
    assert document.line_of("accounts", 1, "policy") == 3
    assert document.line_of("pools") == 1
    fault = document.fault("accounts", 1, "tariff", message="unknown tariff 'T'")
    assert str(fault) == "line 4: accounts[1].tariff: unknown tariff 'T'"


def test_all_faults_are_told_at_once_in_order() -> None:
    """Every fault has line, path and sentence; the first line comes first."""
    text = """\
prise: 1
price: -0.5
address: 248
mode: never
from: 2026-02-30
at: 8am
meters: [A, 5]
proration: {per_days: 0}
slots: {8: peak}
"""
    assert faults_of(text) == [
        "line 1: 'name' is missing",
        "line 1: prise: unknown key 'prise', did you mean 'price'?",
        "line 2: price: must be at least 0, not -0.5",
        "line 3: address: must be at most 247, not 248",
        "line 4: mode: must be one of 'auto', 'confirm', 'manual', not 'never'",
        "line 5: from: must be a date like 2026-01-31, not '2026-02-30'",
        "line 6: at: must be a time of day like 08:00, not '8am'",
        'line 7: meters[1]: must be text: put it into quotes, "5"',
        "line 8: proration.per_days: must be at least 1, not 0",
        "line 9: slots.8: as a key: must be a time like 08:00, not '8'",
    ]


# ruff: disable[E501]  # a table of sentences reads best with a sentence a line
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a\n", "line 1: must be a group of 'key: value' lines, not a list"),
        ("", "line 1: is empty: it must be a group of 'key: value' lines"),
        ("name:\n", "line 1: name: is empty: it must be text"),
        ("name: ''\n", "line 1: name: must not be empty"),
        ("name: true\n", 'line 1: name: must be text: put it into quotes, "true"'),
        ("name: a\nmeters: []\n", "line 2: meters: must not be empty"),
        ("name: a\nproration: monthly\n", "line 2: proration: must be 'none', not 'monthly'"),
        ("name: a\nproration: {}\n", "line 2: proration: 'per_days' is missing"),
        ("name: a\nproration: 3\n", "line 2: proration: must be 'none' or a group of 'key: value' lines, not 3"),
        ("name: a\naddress: 1.0\n", "line 2: address: must be a whole number, not 1.0"),
        ("name: a\naddress: yes\n", "line 2: address: must be a whole number, not 'yes'"),
        ("name: a\nmode: automtic\n", "line 2: mode: must be one of 'auto', 'confirm', 'manual', not 'automtic', did you mean 'auto'?"),
        ("name: a\nzzz: 1\n", "line 2: zzz: unknown key 'zzz'; known here: name, price, address, mode, from, at, meters, proration, slots"),
        ("name: a\nname: b\n", "line 2: name: stands here twice, also on line 1: remove one of them"),
        ("a: &x 1\nb: *x\n", "line 2: b: is an alias ('*'): write the value out"),
        ("a: !!python/name:os.system 1\n", "line 1: a: has a tag ('!'): tags are not allowed here"),
        ("[a]: 1\n", "line 1: has a key that is not plain text"),
        ("a: 1\n---\nb: 2\n", "line 2: holds a second document (after '---'): remove it"),
        ("a:\n\t- b\n", "line 2: cannot be read: a tab stands where spaces must: indent with spaces"),
        ("a: b: c\n", "line 1: cannot be read: a ':' stands where none may: is the line above complete, is the indent right?"),
        ("a: [1\n", "line 2: cannot be read: did not find expected ',' or ']'"),
        ("a: 1\nb: \x07\n", "line 2: has a character that YAML does not allow (U+0007): remove it"),
    ],
)  # fmt: skip
# ruff: enable[E501]
def test_faults_say_what_to_do(text: str, expected: str) -> None:
    """One wrong thing gives one sentence about it."""
    assert faults_of(text) == [expected]


def test_alternatives_of_other_types_are_named() -> None:
    """A value that fits no alternative's type is told the types."""
    schema: dict[str, Any] = {"anyOf": [{"type": "integer"}, {"type": "array"}]}
    assert faults_of("x\n", schema) == ["line 1: must be a list or a whole number, not 'x'"]
    schema = {"description": "a number or a list", **schema}
    assert faults_of("x\n", schema) == ["line 1: must be a number or a list, not 'x'"]


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        ({"exclusiveMinimum": 0}, "0", "must be more than 0, not 0"),
        ({"exclusiveMaximum": 1}, "1.5", "must be less than 1, not 1.5"),
        ({"multipleOf": 0.01}, "1.005", "must be a multiple of 0.01, not 1.005"),
        ({"maxItems": 1}, "[1, 2]", "must have at most 1 entries, not 2"),
        ({"uniqueItems": True}, "[1, 1]", "lists the same entry twice"),
        ({"maxLength": 3}, "abcd", "must have at most 3 characters, not 4"),
        ({"not": {"const": 1}}, "1", "1 should not be valid under {'const': 1}"),
    ],
)
def test_limits(schema: dict[str, Any], text: str, expected: str) -> None:
    """Bounds are told with the bound and what was written."""
    assert faults_of(text, schema) == [f"line 1: {expected}"]


def test_a_false_schema_still_gives_a_sentence() -> None:
    """What a schema forbids outright is a fault, not a crash."""
    (fault,) = faults_of("a: 1\n", {"properties": {"a": False}})
    assert fault.startswith("line 1:")


def test_size_and_depth_are_bounded() -> None:
    """A document that could eat memory is refused before it is built."""
    (fault,) = faults_of("a" * 2_000_001)
    assert fault == "line 1: is larger than 2 MB: split it into several files"
    (fault,) = faults_of("[" * 500_000)
    assert fault == "line 1: [0][0][0]: is nested deeper than 40 levels"
    (fault,) = faults_of("- " * 900_000)
    assert "is nested deeper than 40 levels" in fault


def test_the_message_shows_the_first_faults() -> None:
    """A thousand faults are bounded, and the message says how many are not shown."""
    text = "".join(f"{index}: x\n" for index in range(1000))
    with pytest.raises(DocumentError) as caught:
        load_document(text, {"additionalProperties": {"type": "integer"}}, file="f")
    assert len(caught.value.faults) == 500
    assert caught.value.placeholders["faults"].endswith("\n… and 480 more")


def test_faults_are_values() -> None:
    """Equal faults are one fault."""
    fault = Fault(line=2, path="a", message="m")
    assert DocumentError("f", [fault, Fault(line=2, path="a", message="m")]).faults == (fault,)
    assert path_of(["a", 1, "b.c", 2]) == "a[1].b.c[2]"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abc:-. #", min_size=1, max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_what_yaml_writes_is_read_back(data: object) -> None:
    """Whatever a YAML writer quotes comes back as the same data."""
    text = yaml.safe_dump(data, default_style='"' if isinstance(data, str) else None)
    if isinstance(data, int) and not isinstance(data, bool):
        assert read_document(text, file="x").data == data
    else:
        read_document(text, file="x")


@given(st.text(max_size=80) | st.text("[]{}:-,&*!|>'\"#%@ \n\tab01.", max_size=60))
def test_any_text_gives_data_or_our_error(text: str) -> None:
    """No text whatever brings an exception of a library."""
    faults: tuple[Fault, ...] = ()
    try:
        load_document(text, SCHEMA, file="x")
    except DocumentError as error:
        faults = error.faults or pytest.fail("refused without a reason")
    assert all(fault.line >= 1 and fault.message for fault in faults)
