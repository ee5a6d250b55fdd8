"""Old or new, never half: killed runs, full disks, folders that may not be written, two runs into one folder."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from layout_planner import whole
from layout_planner.errors import OutputError
from layout_planner.whole import replaced_folder, whole_file, whole_files

resource = pytest.importorskip("resource", reason="limits of memory and file size are POSIX")
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")
FILLER = """
import sys
from pathlib import Path
from layout_planner.whole import replaced_folder, whole_file
place, number = Path(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
while True:
    number += 1
    with replaced_folder(place, "run.json") as folder:
        for name in ("a", "b", "run.json"):
            (folder / name).write_text(str(number) * 2000)
    with whole_file(place.with_suffix(".txt")) as beside:
        beside.write_text(str(number) * 2000)
"""


def fill(place: Path, number: int) -> subprocess.Popen[bytes]:
    started = subprocess.Popen([sys.executable, "-c", FILLER, str(place), str(number)], stdout=subprocess.PIPE)
    assert started.stdout is not None
    assert started.stdout.readline() == b"ready\n"
    return started


def stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    process.stdout.close()


def check_whole(place: Path) -> None:
    """Fail unless the folder and the file each come from one write."""
    texts = {(place / name).read_text() for name in ("a", "b", "run.json")}
    assert len(texts) == 1
    for text in (*texts, place.with_suffix(".txt").read_text()):
        half = len(text) // 2000
        assert text == text[:half] * 2000


@POSIX
def test_a_kill_at_any_moment_leaves_old_or_new(tmp_path):
    place = tmp_path / "run"
    for number in range(25):
        process = fill(place, 10 * number)
        deadline = time.monotonic() + 60
        while not place.with_suffix(".txt").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.0037 * (number % 9))
        stop(process)
        check_whole(place)
    with replaced_folder(place, "run.json") as folder:  # a rerun finishes, and sweeps away what the killed ones left
        (folder / "run.json").write_text("x")
    assert [path.name for path in (place).iterdir()] == ["run.json"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["run"]


@POSIX
def test_two_runs_into_one_folder_do_not_mix(tmp_path):
    place = tmp_path / "run"
    processes = [fill(place, 0), fill(place, 500)]
    deadline, looks = time.monotonic() + 60, 0
    while looks < 60 and time.monotonic() < deadline:
        if place.with_suffix(".txt").exists():
            looks += 1
            folder = os.open(place, os.O_RDONLY)  # the folder that stands there at this moment, whatever replaces it
            try:
                held = Path(f"/proc/self/fd/{folder}")
                texts = {(held / name).read_text() for name in ("a", "b", "run.json")} if sys.platform == "linux" else {"x"}
                assert len(texts) == 1
            except FileNotFoundError:
                pass  # it was replaced and removed while we read
            finally:
                os.close(folder)
        time.sleep(0.01)
    assert all(process.poll() is None for process in processes), "neither run stumbled over the other"
    for process in processes:
        stop(process)
    assert looks >= 60
    check_whole(place)


def test_without_an_exchange_a_kill_between_two_renames_is_mended(tmp_path, monkeypatch):
    monkeypatch.setattr(whole, "_exchange", lambda *_: False)
    place = tmp_path / "run"
    for text in ("one", "two"):
        with replaced_folder(place, "run.json") as folder:
            (folder / "run.json").write_text(text)
    assert (place / "run.json").read_text() == "two"
    place.rename(tmp_path / ".run.old")  # killed here
    with replaced_folder(place, "run.json") as folder:
        assert (place / "run.json").read_text() == "two", "brought back before anything else"
        (folder / "run.json").write_text("three")
    assert (place / "run.json").read_text() == "three"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_what_is_no_run_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(OutputError, match="left alone"), replaced_folder(tmp_path / "mine", "run.json"):
        pass
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "x"


@pytest.mark.parametrize("target", ["file", "folder", "files"])
def test_a_full_disk_is_told_and_leaves_what_was_there(tmp_path, target):
    place = tmp_path / "place"
    makers = {
        "file": lambda: whole_file(place),
        "folder": lambda: replaced_folder(place, "run.json"),
        "files": lambda: whole_files([place, tmp_path / "other"]),
    }
    if target == "folder":
        with replaced_folder(place, "run.json") as folder:
            (folder / "run.json").write_text("old")
    else:
        place.write_text("old")
    with pytest.raises(OutputError, match="disk is full"), makers[target]():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert (place / "run.json" if target == "folder" else place).read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


COMMANDS = [
    ["travel", "tests/data/tiny/scenario.toml"],
    ["run", "tests/data/tiny/scenario.toml"],
    ["province", "scenarios/province.toml", "--workers", "0", "--today"],
]


def cli(*words: str, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line; with `limit`, no file may grow beyond so many bytes."""

    def lower() -> None:
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "layout_planner.cli", *words, "--lang", "en"]
    return subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=lower if os.name == "posix" else None)


@POSIX
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_files_that_cannot_grow_are_told_without_a_traceback(tmp_path, words):
    done = cli(*words, "--out", str(tmp_path / "out"), limit=6_000)
    assert done.returncode == 3, done.stderr
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr
    names = [path.name for path in (tmp_path / "out").rglob("*") if path.is_file() and path.stat().st_size >= 6_000]
    assert names == [], "nothing cut short is left"
    assert not list((tmp_path / "out").glob("*/run.json"))


@POSIX
@pytest.mark.parametrize("words", COMMANDS[:2], ids=lambda words: words[0])
def test_a_place_that_cannot_be_a_folder_is_told(tmp_path, words):
    (tmp_path / "out").write_text("a file")
    done = cli(*words, "--out", str(tmp_path / "out"))
    assert done.returncode == 3, done.stderr
    assert "cannot write" in done.stderr
    assert (tmp_path / "out").read_text() == "a file"


@pytest.mark.skipif(sys.platform != "linux", reason="a folder that not even root may write")
def test_a_folder_that_may_not_be_written_is_told():
    done = cli("travel", "tests/data/tiny/scenario.toml", "--out", "/proc/out")
    assert done.returncode == 3, done.stderr
    assert "cannot write" in done.stderr


def read_folder(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "timing.json"
    }


@POSIX
@pytest.mark.parametrize("verb", ["run", "dossier"])
def test_a_killed_verb_keeps_the_old_result_and_a_rerun_finishes(tmp_path, verb):
    run = ["run", "tests/data/tiny/scenario.toml", "--out", str(tmp_path / "runs")]
    first = cli(*run)
    assert first.returncode in {0, 5}, first.stderr
    out = tmp_path / ("runs" if verb == "run" else "dossiers")
    words = run if verb == "run" else ["dossier", str(tmp_path / "runs" / "tiny"), "--no-pdf", "--out", str(out)]
    first = first if verb == "run" else cli(*words)
    assert first.returncode in {0, 5}, first.stderr
    kept = read_folder(out)
    assert len(kept) > 4
    command = [sys.executable, "-m", "layout_planner.cli", *words, "--lang", "en"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1.6)
    process.kill()
    process.wait()
    assert read_folder(out) == kept
    assert cli(*words).returncode == first.returncode
    assert read_folder(out) == kept
    assert [path.name for path in out.iterdir()] == ["tiny"]
