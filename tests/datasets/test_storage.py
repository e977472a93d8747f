"""Names out of label files: found in any spelling, never outside the folder or the archive."""

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackmix.datasets import storage
from stackmix.datasets.storage import Archive, Folder
from stackmix.types import DataError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Among others sub/Йод.png (in two signs), c.png twice by its bare name, a hidden one; a secret beside."""
    inside = tmp_path / "raw"
    for name in ("a.PNG", "sub/b.jpg", "sub/И\u0306од.png", "sub/c.png", "other/c.png", ".hidden.png", "notes.txt"):
        path = inside / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (tmp_path / "secret.png").write_bytes(b"secret")
    return inside


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("a.PNG", "a.PNG"),
        ("A.png", "a.PNG"),
        ("./a.png", "a.PNG"),
        ("sub\\B.JPG", "sub/b.jpg"),
        ("sub/йод.png", "sub/И\u0306од.png"),
        ("b.jpg", None),
        ("../secret.png", None),
        ("sub/../a.PNG", None),
        ("/etc/passwd", None),
        (".hidden.png", None),
        ("notes.txt", None),
        ("", None),
    ],
)
def test_names_are_found_in_any_spelling(root: Path, said: str, name: str | None) -> None:
    assert Folder(root).find(said) == name
    assert name is None or Folder(root).read(name).decode() == name


def test_bare_names_are_found_where_only_one_file_has_them(root: Path) -> None:
    store = Folder(root, bare=True)
    assert store.find("B.jpg") == "sub/b.jpg" and store.find("c.png") is None
    assert store.names() == ["a.PNG", "other/c.png", "sub/b.jpg", "sub/c.png", "sub/И\u0306од.png"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_that_lead_out_are_not_followed(root: Path) -> None:
    (root / "link.png").symlink_to(root.parent / "secret.png")
    (root / "own.png").symlink_to(root / "a.PNG")
    (root / "away").symlink_to(root.parent)
    store = Folder(root)
    assert store.outside == ["link.png"]
    assert (
        store.find("link.png") is None and store.find("away/secret.png") is None and store.find("own.png") == "own.png"
    )


@pytest.mark.parametrize("name", ["C:\\x.png", "c:x.png", "\\\\server\\x.png", "/x", "..", "a/../b", "a\\..\\b"])
def test_names_that_lead_out(name: str) -> None:
    assert storage.leads_out(name)


@given(st.lists(st.sampled_from(["..", "a", ".", "/", "\\", "C:", "б.png"]), max_size=6))
def test_whatever_does_not_lead_out_stays_inside(parts: list[str]) -> None:
    name = "/".join(parts)
    if not storage.leads_out(name):
        assert os.path.normpath(f"/root/{name}".replace("\\", "/")).startswith("/root")


def archive(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name in ("images/1.jpg", "images/2.PNG", "../out.png", "/abs.png", "__MACOSX/images/1.jpg", "readme.txt"):
            file.writestr(name, name)
    return path


def test_an_archive_is_read_in_place(tmp_path: Path) -> None:
    store = Archive(archive(tmp_path / "images.zip"))
    assert store.names() == ["images/1.jpg", "images/2.PNG"]
    assert sorted(store.outside) == ["../out.png", "/abs.png"]
    assert store.find("2.png") == "images/2.PNG" and store.read("images/2.PNG") == b"images/2.PNG"
    assert store.find("out.png") is None and store.find("../out.png") is None
    assert [path.name for path in tmp_path.iterdir()] == ["images.zip"]


def test_broken_archives_and_members_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path / "images.zip")
    data = path.read_bytes()
    (tmp_path / "half.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"half\.zip is no whole zip archive"):
        Archive(tmp_path / "half.zip")
    path.write_bytes(data.replace(b"images/1.jpgimages/1.jpg", b"images/1.jpgimages/9.jpg"))
    with pytest.raises(DataError, match=r"images/1\.jpg in .*images\.zip: Bad CRC"):
        Archive(path).read("images/1.jpg")
    monkeypatch.setattr(storage, "MOST_BYTES", 5)
    with pytest.raises(DataError, match="is over 5 bytes"):
        Archive(path).read("images/2.PNG")
