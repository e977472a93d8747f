"""Label files in every encoding and dialect that people save them in."""

import codecs
from pathlib import Path

import pytest

from stackmix.datasets import texts
from stackmix.types import DataError

RUSSIAN = "file_name,text\n1.png,съешь ещё\n2.png,этих булок"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251"])
def test_russian_in_every_encoding(encoding: str) -> None:
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    notes: list[str] = []
    assert texts.read(marks.get(encoding, b"") + RUSSIAN.encode(encoding), "labels.csv", notes) == RUSSIAN
    assert len(notes) == (encoding == "cp1251") and all("labels.csv" in n and "Windows-1251" in n for n in notes)


def test_german_and_french_are_not_taken_for_cyrillic() -> None:
    text, notes = "für Äpfel, déjà vu, Straße", []
    assert texts.read(text.encode("cp1252"), "a", notes) == text
    assert "Windows-1252" in notes[0]


TABLES = {
    "plain.csv": "file_name,text\n1.png,a b\n2.png,c\n",
    "windows.csv": "Image;Label\r\n1.png;a b\r\n2.png;c\r\n",
    "bare.csv": "1.png,a b\n\n2.png,c\n",
    "quoted.csv": '"file_name","text"\n"1.png","a b"\n"2.png","c"\n',
    "reversed.csv": "text|path\na b|1.png\nc|2.png\n",
    "tabs.tsv": "file_name\ttext\n1.png\ta b\n2.png\tc\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_in_every_dialect(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(TABLES[name], encoding="utf-8", newline="")
    rows = [row for _, row in texts.table(tmp_path / name, [])]
    columns = [(texts.column(row, texts.FILES) or "", texts.column(row, texts.TEXTS) or "") for row in rows]
    assert [(row[file], row[text]) for row, (file, text) in zip(rows, columns, strict=True)] == [
        ("1.png", "a b"),
        ("2.png", "c"),
    ]


def rows(path: Path, text: str) -> list[tuple[int, dict[str, str]]]:
    path.write_text(text, encoding="utf-8", newline="")
    return list(texts.table(path, []))


def test_commas_in_the_text_belong_to_it(tmp_path: Path) -> None:
    assert rows(tmp_path / "a.csv", "file_name,text\n1.png,Hello, world, again\n2.png\n") == [
        (2, {"file_name": "1.png", "text": "Hello, world, again"}),
        (3, {"file_name": "2.png", "text": ""}),
    ]


def test_a_quote_in_a_tsv_is_a_quote(tmp_path: Path) -> None:
    assert rows(tmp_path / "a.tsv", '1.png\t"Да\n2.png\tнет"\n')[0][1]["text"] == '"Да'


def test_a_line_break_inside_quotes_is_one_row(tmp_path: Path) -> None:
    assert [row["text"] for _, row in rows(tmp_path / "a.csv", 'file_name,text\n1.png,"a\nb"\n')] == ["a\nb"]


def test_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv, line .*field larger"):
        rows(tmp_path / "a.csv", "1.png," + "x" * 200_000)
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.json is no JSON"):
        texts.document(tmp_path / "a.json", [])
