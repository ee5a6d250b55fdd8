"""The trials of `bench_reliability.py`: each tries to break the program many times and returns rows of what was tried and what was lost."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import psutil

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
TINY = "tests/data/tiny/scenario.toml"
CHANGING = {"timing.json"}  # holds seconds
WELL = {0, 5}  # done, or done and refused by the gate
WARM_UP = 10
MOST_GROWN_MB = 60.0
LANGS = ("zh", "en")
ORDINARY = "not damaged_files and not any_cells and not good_file"  # of tests/test_fuzz.py; the rest are files made to do harm


@dataclass
class Row:
    """One line of the table."""

    what: str
    tried: int
    lost: int
    told: str = ""
    counted: bool = True  # False for a sum of other lines

    def __str__(self) -> str:
        """Return the line."""
        return f"| {self.what} | {self.tried:,} | {self.lost:,} | {self.told} |"


@dataclass(frozen=True)
class Verb:
    """A verb with its words; `needs_run` where it works on a stored run, which is made once and stands for RUN."""

    words: tuple[str, ...]
    needs_run: bool = False
    needs_shelf: bool = False  # keeps its intermediate results in its own folder, from one run to the next


VERBS = {
    "run": Verb(("run", TINY)),
    "dossier": Verb(("dossier", "RUN", "--no-pdf"), needs_run=True),
    "province": Verb(("province", "scenarios/province.toml", "--workers", "0", "--today"), needs_shelf=True),
    "travel": Verb(("travel", "scenarios/base.toml")),
    "demand": Verb(("demand", "scenarios/base.toml", "--years", "2026-2028")),
}


def start(words: list[str], out: Path, *, lang: str = "en", limit: int | None = None, **more: str) -> subprocess.Popen[str]:
    """Start the command line; with `limit`, no file may grow beyond so many bytes; `more` goes into its environment."""

    def lower() -> None:
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "layout_planner.cli", *words, "--out", str(out), "--lang", lang]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            preexec_fn=lower)  # noqa: PLW1509  # fmt: skip


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for the end of a process and return what it said on stderr."""
    return process.communicate()[1]


def hash_of(folder: Path) -> dict[str, str]:
    """Return the hash of every visible file."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in CHANGING]
    shown = [path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in shown}


def words_of(verb: Verb, folder: Path) -> list[str]:
    """Return the words of a verb; a stored run is made for it where it needs one."""
    run = folder / "runs" / "tiny"
    if verb.needs_run and not run.exists():
        finish(start(list(VERBS["run"].words), run.parent))
    return [str(run) if word == "RUN" else word for word in verb.words]


def kill_verbs(kills: int, draw: random.Random) -> Iterator[Row]:
    """Kill every verb at random moments, each time while it replaces a result in one language by that in the other."""
    for name, verb in VERBS.items():
        with tempfile.TemporaryDirectory() as place:
            yield kill_verb(name, words_of(verb, Path(place)), Path(place), kills, draw)


def kill_verb(name: str, words: list[str], place: Path, kills: int, draw: random.Random) -> Row:
    """Return what killing one verb cost: after each kill the result must be that of one language, whole."""
    whole, out, seconds = {}, place / "out", 0.0
    for lang in LANGS:
        began = time.monotonic()
        finish(start(words, out, lang=lang))
        whole[lang], seconds = hash_of(out), time.monotonic() - began
    counts: Counter[str] = Counter()
    stands = LANGS[-1]
    for _ in range(kills):
        other = LANGS[1 - LANGS.index(stands)]
        process = start(words, out, lang=other)
        time.sleep(seconds * draw.choice((draw.uniform(0.1, 1.0), draw.uniform(0.75, 1.1))))
        process.kill()
        finish(process)
        found = hash_of(out)
        outcome = "old" if found == whole[stands] else "new" if found == whole[other] else "lost"
        stands = other if outcome == "new" else stands
        counts[outcome] += 1
    last = start(words, out)
    said = finish(last)
    beside = [path.name for path in out.iterdir() if path.name.startswith(".") and path.name != ".shelf"]
    bad = last.returncode not in WELL or hash_of(out) != whole["en"] or bool(beside) or "Traceback" in said
    told = f"old result {counts['old']}, new {counts['new']}; rerun exit {last.returncode}, {len(beside)} leavings"
    return Row(f"SIGKILL during `{name}`", kills, counts["lost"] + bad, told)


def fill_disks(times: int, draw: random.Random) -> Iterator[Row]:
    """Let no file grow beyond a few kilobytes, and write to a disk that is really full where one may be mounted."""
    for name, verb in VERBS.items():
        lost = 0
        with tempfile.TemporaryDirectory() as place:
            words = words_of(verb, Path(place))
            for number in range(times):
                limit, out = draw.randrange(1_000, 60_000), Path(place) / f"out{number}"
                process = start(words, out, limit=limit)
                said = finish(process)
                cut = [path for path in out.rglob("*") if path.is_file() and path.stat().st_size == limit]
                lost += bool(cut) or not told_well(process, said)
        yield Row(f"no file may grow, `{name}`", times, lost)
    for room in ("40k", "400k"):
        yield from fill_real_disk(room)


def fill_real_disk(room: str) -> Iterator[Row]:
    """Let the run write to a small disk in memory, where this user may mount one."""
    with tempfile.TemporaryDirectory() as place:
        disk = Path(place) / "disk"
        disk.mkdir()
        mount = ["/usr/bin/mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", str(disk)]
        mounted = subprocess.run(mount, capture_output=True, check=False)
        if mounted.returncode:
            yield Row(f"disk of {room}", 0, 0, "not tried: this user may not mount one")
            return
        try:
            lost, kinds = 0, ("run", "province")
            for name in kinds:
                process = start(words_of(VERBS[name], Path(place)), disk / name)
                said = finish(process)
                lost += not told_well(process, said) or bool(hash_of(disk / name) and process.returncode not in WELL)
        finally:
            subprocess.run(["/usr/bin/umount", str(disk)], check=False)
    yield Row(f"disk of {room}", len(kinds), lost)


def told_well(process: subprocess.Popen[str], said: str) -> bool:
    """Return whether a run ended well, or with one sentence about what cannot be written."""
    told = "cannot write" in said or "the disk is full" in said
    return "Traceback" not in said and (process.returncode in WELL or (process.returncode == 3 and told))


def refuse_writing() -> Row:
    """Write where nobody may: below a file, and in a folder that not even root may write."""
    lost, places = 0, [Path("/proc/layout-planner")]
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "file").write_text("x", encoding="utf-8")
        shut = Path(place) / "shut"
        shut.mkdir(mode=0o555)
        places += [Path(place) / "file" / "out", *([shut / "out"] if os.geteuid() else [])]
        for verb in VERBS.values():
            words = words_of(verb, Path(place))
            for out in places:
                process = start(words, out)
                said = finish(process)
                lost += process.returncode != 3 or not told_well(process, said)
    return Row("folders that may not be written", len(places) * len(VERBS), lost)


def run_together(times: int) -> Iterator[Row]:
    """Let two runs write into one folder at once, one in each language: the result must be one of the two, whole."""
    for name in ("run", "dossier", "province"):
        verb, lost = VERBS[name], 0
        with tempfile.TemporaryDirectory() as place:
            words = words_of(verb, Path(place))
            whole = []
            for lang in LANGS:
                finish(start(words, Path(place) / lang, lang=lang))
                whole.append(hash_of(Path(place) / lang))
            for number in range(times):
                out = Path(place) / f"out{number}"
                both = [start(words, out, lang=lang) for lang in LANGS]
                said = "".join([finish(process) for process in both])
                ends = {process.returncode for process in both}
                lost += not ends <= WELL or hash_of(out) not in whole or "Traceback" in said
                shutil.rmtree(out, ignore_errors=True)
        yield Row(f"two `{name}` into one folder", times, lost)


def repeat_runs(times: int) -> Iterator[Row]:
    """Do the same again with other seeds of Python's hashes and other numbers of threads and workers: the bytes must be the same."""
    for name, words in (
        ("run", list(VERBS["run"].words)),
        ("province", ["province", "scenarios/province.toml", "--today"]),
    ):
        found = []
        for number in range(1 + times):
            with tempfile.TemporaryDirectory() as place:
                pool = ["--workers", str(2 * number % 3)] if name == "province" else []
                more = {"PYTHONHASHSEED": str(number), "NUMBA_NUM_THREADS": str(1 + number % 2), "OMP_NUM_THREADS": str(1 + number % 2)}
                finish(start([*words, *pool], Path(place) / "out", **more))
                found.append({path: value for path, value in hash_of(Path(place) / "out").items() if "/.shelf" not in path})
        lost = sum(other != found[0] or not other for other in found[1:])
        counts = sorted({str(2 * number % 3) for number in range(1 + times)})
        pools = f"{', '.join(counts)} workers, " if name == "province" else ""
        yield Row(f"`{name}` again", times, lost, f"{pools}other hash seeds and thread counts; {len(found[0])} files compared by bytes")


def soak(scenarios: int) -> Row:
    """Work scenarios in this process and compare memory and open files with those after the first few."""
    from layout_planner.output.run_folder import write_run
    from layout_planner.pipeline import run_scenario
    from layout_planner.scenario import read_scenario

    process, after, middle = psutil.Process(), (0.0, 0), 0.0
    base = read_scenario(ROOT / TINY)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(scenarios):
            plan = base.plan.model_copy(update={"max_new_beds": number % 7, "max_buses": number % 3})
            write_run(run_scenario(base.model_copy(update={"plan": plan, "year": base.data.year + number % 4})), Path(folder), "en")
            if number == WARM_UP:
                after = process.memory_info().rss / 1e6, process.num_fds()
            middle = process.memory_info().rss / 1e6 if number == scenarios // 2 else middle
        now, threads = (process.memory_info().rss / 1e6, process.num_fds()), process.num_threads()
    lost = int(now[0] - after[0] > MOST_GROWN_MB) + int(now[1] > after[1])
    grown = f"{after[0]:.0f} MB after {WARM_UP}, {middle:.0f} half way, {now[0]:.0f} at the end"
    return Row("scenarios in one process", scenarios, lost, f"{grown}; open files {after[1]}, then {now[1]}; {threads} threads")


def fuzz(cases: int, first: int, say: Callable[[str], None]) -> list[Row]:
    """Run the fuzzing on two cores and return one row a kind of file."""
    from tests.fuzz import TARGETS

    kinds = list(TARGETS)
    each = max(1, cases // len(kinds)) * len(kinds) // 2
    halves = [kinds[0::2], kinds[1::2]]
    common = [sys.executable, "-m", "tests.fuzz", "--json", "--first", str(first)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen([*common, "--cases", str(each), "--kind", *half], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment)
        for half in halves
    ]
    rows, total = [], Counter[str]()
    for process in running:
        for kind, counts in json.loads(process.communicate()[0]).items():
            lost = sum(count for name, count in counts.items() if name.startswith("lost"))
            total += Counter(counts)
            for name in counts:
                if name.startswith("lost"):
                    say(f"{kind}: {name}")
            row = Row(
                f"damaged {kind}", sum(counts.values()), lost, f"{counts.get('read', 0):,} read, {counts.get('refused', 0):,} refused"
            )
            rows.append(row)
    lost = sum(row.lost for row in rows)
    told = f"{total['read']:,} read, {total['refused']:,} refused, of {len(kinds)} kinds"
    return [*rows, Row("**damaged files in all**", total.total(), lost, told, counted=False)]


def open_hostile_files() -> Row:
    """Run the tests of files that were made to do harm, and of hostile names through every output; the browser's are left out."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        files = ["tests/test_fuzz.py", "tests/test_hostile.py"]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={told}", "-m", "not browser", *files]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([*command, "-k", ORDINARY], cwd=ROOT, capture_output=True, check=False, env=environment)
        suite = next(ET.parse(told).iter("testsuite"))  # noqa: S314 - written a moment ago by our own command
    lost = int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
    ran = int(suite.get("tests", "0")) - int(suite.get("skipped", "0"))
    return Row("bombs, entities, endless sheets, paths out of zips, links, devices, hostile names", ran, lost, f"{ran} tests")
