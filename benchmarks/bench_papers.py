"""Papers of a county: `python benchmarks/bench_papers.py [--schools 120] [--villages 1200] [--sample 6] [--run RUN]`.

Writes the dossiers of all schools (page, PDF, text), sheets of a township and the report of a made-up county, or of the stored run `--run`,
and prints seconds on the clock and of the processor. The peer beside us prints the same pages with a browser that is started for every
page, as a batch file of a bureau would; a sample of it, scaled. Other work on the machine shows in the clock, not in the processor's time.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))  # the made-up county is that of the tests

from layout_planner.output.papers.dossiers import list_schools
from layout_planner.output.papers.folders import write_dossiers, write_sheets
from layout_planner.output.papers.print_pdf import _print_by_browser, find_browser
from layout_planner.output.papers.report_files import write_report_files
from layout_planner.output.papers.stored import read_papers
from layout_planner.output.papers.village_sheets import list_townships
from tests.paper_runs import make_papers

if TYPE_CHECKING:
    from collections.abc import Callable

    from layout_planner.output.papers.stored import Papers

LIMIT_S = 180.0  # 120 schools in at most three minutes


def processor_s() -> float:
    """Return seconds of the processor, children included."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def measure(name: str, count: int, work: Callable[[], Path], scale: float = 1.0) -> float:
    """Do the work, print its row and return the seconds of the processor that `count` of it take."""
    begin, spent = time.perf_counter(), processor_s()
    place = work()
    wall, cpu = (scale * value for value in (time.perf_counter() - begin, processor_s() - spent))
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) * scale / 1e6
    print(f"{name:<44}{count:>7}{wall:>10.1f}{cpu:>10.1f}{cpu / count:>10.2f}{size:>9.1f}", flush=True)
    return cpu


def print_with_browser(pages: list[Path], folder: Path) -> Path:
    """Print every page with a browser of its own."""
    browser = find_browser()
    assert browser is not None
    for page in pages:
        (folder / f"{page.stem}.pdf").write_bytes(_print_by_browser(page.read_text("utf-8"), browser))
    return folder


def run(papers: Papers, sample: int) -> bool:
    """Print the table; return whether the dossiers take no longer than the limit for 120 schools."""
    with tempfile.TemporaryDirectory() as folder:
        out, ids = Path(folder), list_schools(papers)
        print(f"{'':<44}{'number':>7}{'clock s':>10}{'cpu s':>10}{'cpu each':>10}{'MB':>9}")
        cpu = measure("dossiers: page, PDF and text", len(ids), lambda: write_dossiers(papers, out / "dossiers", "zh")[0])
        measure("dossiers: page and text only", len(ids), lambda: write_dossiers(papers, out / "pages", "zh", pdf=False)[0])
        pages = sorted((out / "pages").rglob("[!i]*.html"))[:sample]
        if find_browser() and pages:
            (out / "browser").mkdir()
            name = f"peer: a browser a page ({len(pages)} printed, scaled)"
            measure(name, len(ids), lambda: print_with_browser(pages, out / "browser"), len(ids) / len(pages))
        homes = max(list_townships(papers).values(), key=len)
        measure(
            "village sheets of one township, page and PDF", len(homes), lambda: write_sheets(papers, out / "sheets", "zh", only=homes)[0]
        )
        measure("report: page, PDF, xlsx and docx", 1, lambda: write_report_files([papers], out / "reports", "zh")[0][0].parent)
    each = cpu / len(ids)
    print(f"120 dossiers: {120 * each:.0f} s of one processor, limit {LIMIT_S:.0f} s")
    return 120 * each <= LIMIT_S


def main() -> None:
    """Read the options, print machine, versions and table; exit code 1 beyond the limit."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--schools", type=int, default=120)
    options.add_argument("--villages", type=int, default=1200)
    options.add_argument("--sample", type=int, default=6)
    options.add_argument("--run", type=Path, default=None, help="folder of a stored run instead of the made-up county")
    asked = options.parse_args()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("weasyprint", "matplotlib", "segno", "python-docx"))
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} processors; {versions}")
    made = asked.run is None
    papers = make_papers(villages=asked.villages, schools=asked.schools, hostile=False) if made else read_papers(asked.run)
    sys.exit(0 if run(papers, asked.sample) else 1)


if __name__ == "__main__":
    main()
