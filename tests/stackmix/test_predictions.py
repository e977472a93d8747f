"""Files of texts in four forms, and what is wrong with one, in one line."""

from pathlib import Path

import pytest

from stackmix.predictions import Prediction, read
from stackmix.types import DataError

FORMS = {
    "a.json": '{"a.png": "ёж", "b.png": {"text": "и, ты", "confidence": 0.5}}',
    "b.json": '[{"file_name": "a.png", "text": "ёж"}, {"file_name": "b.png", "text": "и, ты", "confidence": 0.5}]',
    "a.jsonl": '{"file_name": "a.png", "text": "ёж"}\n{"file_name": "b.png", "text": "и, ты", "confidence": 0.5}\n',
    "a.csv": 'file_name,text,confidence\na.png,ёж,\nb.png,"и, ты",0.5\n',
    "a.tsv": "file_name\ttext\tconfidence\na.png\tёж\t\nb.png\tи, ты\t0.5\n",
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "with a byte order mark"])
def test_every_form_holds_the_same(tmp_path: Path, name: str, mark: str) -> None:
    path = tmp_path / name
    path.write_text(mark + FORMS[name].replace("ё", "е\u0308"), encoding="utf-8")  # comes out as one character
    assert read(path) == {"a.png": Prediction("ёж"), "b.png": Prediction("и, ты", 0.5)}


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        ("a.json", "{", ["no JSON"]),
        ("a.json", "[]", ["holds no texts"]),
        ("a.json", "7", ["file_name and text"]),
        ("a.json", '{"a": 7}', ["'a'", "7 is no text"]),
        ("a.json", '{"a": {"text": "x", "confidence": 1.5}}', ["confidence 1.5"]),
        ("a.json", '{"a": {"text": "x", "confidence": NaN}}', ["confidence nan"]),
        ("a.jsonl", '{"file_name": "a", "text": "x"}\n{', ["line 2", "no JSON"]),
        ("a.jsonl", '{"file_name": "a", "text": "x"}\n{"file_name": "a", "text": "x"}', ["line 2", "twice"]),
        ("a.csv", "a,b\n1,2\n", ["['a', 'b']", "file_name and text"]),
        ("a.csv", "", ["file_name and text"]),
        ("a.csv", "file_name,text,confidence\na,b,high\n", ["line 2", "'high'"]),
        ("a.csv", "file_name,text\na\n", ["line 2", "None is no text"]),
        ("a.txt", "x", [".jsonl"]),
    ],
)
def test_wrong_files_are_one_line(tmp_path: Path, name: str, text: str, parts: list[str]) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as error:
        read(tmp_path / name)
    assert name in str(error.value) and "\n" not in str(error.value)
    assert all(part in str(error.value) for part in parts), error.value


def test_other_encodings_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("file_name,text\na,ж".encode("cp1251"))
    with pytest.raises(DataError, match=r"a\.csv, offset 17.*UTF-8"):
        read(tmp_path / "a.csv")
