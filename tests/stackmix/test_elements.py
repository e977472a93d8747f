"""Streaming JSON against the standard library, whatever the size of its window."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix import elements
from stackmix.types import DataError

finite = st.floats(allow_nan=False, allow_subnormal=False)  # torch flushes the smallest ones to 0
scalars = st.none() | st.booleans() | st.integers() | finite | st.text(max_size=8)
values = st.recursive(scalars, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=4), v, max_size=3))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=5), values, max_size=4), st.integers(1, 40), st.sampled_from([None, 1]))
def test_members_are_those_of_the_whole(content: dict[str, Any], chunk: int, indent: int | None) -> None:
    import tempfile

    text = json.dumps(content, ensure_ascii=False, indent=indent)
    expected = [(k, e) for k, v in content.items() for e in (v if isinstance(v, list) else [v])]
    own, elements.CHUNK = elements.CHUNK, chunk
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.json"
            path.write_text(text, encoding="utf-8")
            assert list(elements.members(path)) == expected
    finally:
        elements.CHUNK = own


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + '{"a": ["ё"]}'.encode())
    assert list(elements.members(tmp_path / "a.json")) == [("a", "ё")]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"a"', '{"a": }', '{"a": [1,]}', '{"a": [1 2]}', '{"a": 1,}', '{"a": 1} x', "{1: 2}", '{"a": [1'],
)
def test_what_is_no_object_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.json is no JSON object"):
        list(elements.members(tmp_path / "a.json"))


def test_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes('{"a": "ёж"}'.encode("cp1251"))
    with pytest.raises(DataError, match="save it as UTF-8"):
        list(elements.members(tmp_path / "a.json"))


def test_the_file_is_never_in_memory_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elements, "CHUNK", 1000)
    rows = [{"id": k, "points": [random.Random(k).random() for _ in range(20)]} for k in range(3000)]
    (tmp_path / "a.json").write_text(json.dumps({"rows": rows}), encoding="utf-8")
    widest = 0
    more = elements._Text.more

    def watched(self: elements._Text) -> bool:
        nonlocal widest
        result = more(self)
        widest = max(widest, len(self.buffer))
        return result

    monkeypatch.setattr(elements._Text, "more", watched)
    assert [member for _, member in elements.members(tmp_path / "a.json")] == rows
    assert widest < 5000 < (tmp_path / "a.json").stat().st_size
