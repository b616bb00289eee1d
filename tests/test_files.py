"""Files changed together: a failure anywhere leaves every file and folder as it was."""

from __future__ import annotations

import os

import pytest

from analyses.socle import files


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("last", range(1, 5))
def test_a_write_that_fails_anywhere_changes_nothing(tmp_path, monkeypatch, last):
    (tmp_path / "a").write_text("avant")
    before, real, calls = tree(tmp_path), os.replace, []

    def replace(*args):
        calls.append(args)
        if len(calls) == last:
            raise PermissionError(13, "Permission denied")
        real(*args)

    monkeypatch.setattr(files.os, "replace", replace)
    contents = {tmp_path / "a": "après", tmp_path / "x/y/b": b"1", tmp_path / "c": "2"}
    with pytest.raises(PermissionError):
        files.write_together(tmp_path, contents)
    assert tree(tmp_path) == before


def test_a_block_that_fails_leaves_no_folder(tmp_path):
    with pytest.raises(ZeroDivisionError), files.together(tmp_path / "x" / "y") as draft:
        draft(tmp_path / "x" / "y" / "a").write_text("1")
        raise ZeroDivisionError
    assert tree(tmp_path) == {}


def test_a_folder_comes_back_when_its_successor_cannot_take_its_place(tmp_path):
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "a").write_text("1")
    before = tree(tmp_path)
    with pytest.raises(FileNotFoundError):
        files.swap_folder(tmp_path / "absent", tmp_path / "place", tmp_path / "ancien")
    assert tree(tmp_path) == before
