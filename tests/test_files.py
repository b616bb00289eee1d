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


@pytest.mark.parametrize("last", [2, 3])
def test_a_folder_comes_back_when_its_successor_cannot_take_its_place(tmp_path, monkeypatch, last):
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "a").write_text("1")
    before, real, calls = tree(tmp_path), os.replace, []

    def replace(*args):
        calls.append(args)
        if len(calls) == last:
            raise PermissionError(13, "Permission denied")
        real(*args)

    monkeypatch.setattr(files.os, "replace", replace)
    with pytest.raises(PermissionError), files.together(tmp_path) as draft:
        draft(tmp_path / "place").mkdir()
    assert tree(tmp_path) == before


def test_a_draft_that_is_not_made_leaves_its_file(tmp_path):
    (tmp_path / "a").write_text("1")
    before = tree(tmp_path)
    with files.together(tmp_path) as draft:
        draft(tmp_path / "a")
    assert tree(tmp_path) == before


@pytest.mark.parametrize("moved", [False, True])
def test_a_folder_whose_run_was_killed_while_placing_it_is_ended(tmp_path, moved):
    staging = tmp_path / ".en-cours-999999999-x"
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "avant").write_text("1")
    (staging / "0").mkdir(parents=True)
    (staging / "0" / "apres").write_text("2")
    (staging / "liste.json").write_text('{"0": "place"}')
    if moved:
        os.replace(tmp_path / "place", staging / "0.ancien")
    assert files.finish(tmp_path) is True
    assert tree(tmp_path) == {"place": None, "place/apres": b"2"}


def test_what_another_run_prepares_is_left_to_it(tmp_path, monkeypatch):
    other, day_old = tmp_path / f".en-cours-{os.getppid()}-x", tmp_path / ".en-cours-2-x"
    for folder in (other, day_old):
        folder.mkdir()
    os.utime(day_old, (0, 0))
    monkeypatch.setattr(files.os, "name", "nt")  # no process is asked
    assert files._abandoned(day_old) and not files._abandoned(other)
    monkeypatch.undo()
    assert files.finish(tmp_path) is False and other.exists()
