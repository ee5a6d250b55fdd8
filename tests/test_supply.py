"""What the package may do to the machine it runs on: no pickle from disk, no eval, no shell, no network and no stray file at import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import layout_planner

PACKAGE = Path(layout_planner.__file__).parent
ROOT = PACKAGE.parent
FORBIDDEN_MODULES = {
    "pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "joblib",
    "requests",
    "httpx",
    "socket",
    "ftplib",
}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "pd.read_pickle", "pandas.read_pickle", "breakpoint"}
MAY_START_PROGRAMS = {"output/papers/print_pdf.py"}  # the browser that prints a page, without a shell


def calls_of(path: Path) -> list[tuple[str, ast.Call]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_no_pickle_no_eval_no_shell():
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{where} imports {name}" for name in names if {name, name.split(".")[0]} & FORBIDDEN_MODULES]
            if "subprocess" in names and where not in MAY_START_PROGRAMS:
                found.append(f"{where} starts programs")
        for name, call in calls_of(path):
            options = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            if name in FORBIDDEN_CALLS or options.get("shell", "False") != "False" or options.get("allow_pickle", "False") != "False":
                found.append(f"{where}:{call.lineno} {name}")
            if name in {"np.load", "numpy.load"} and options.get("allow_pickle") != "False":
                found.append(f"{where}:{call.lineno} np.load without allow_pickle=False")
    assert found == []


WATCH = """
import sys
prefixes = tuple(sys.argv[1].split("|"))
seen = []
def watch(event, args):
    if event.startswith(("socket.", "subprocess", "os.system", "ctypes.dlopen")):
        seen.append(f"{event} {args[:2]}")
    elif event == "open" and isinstance(args[0], str) and not args[0].startswith(prefixes):
        seen.append(f"open {args[0]}")
    elif event in {"os.remove", "os.rename", "os.mkdir", "shutil.rmtree"}:
        seen.append(event)
sys.addaudithook(watch)
import layout_planner
for name in layout_planner.__all__ if sys.argv[2] == "all" else ():
    getattr(layout_planner, name)
print("\\n".join(seen))
"""


def watch_import(what: str, *prefixes: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", WATCH, "|".join(prefixes), what], capture_output=True, text=True, check=True, cwd=ROOT)
    return [line for line in done.stdout.splitlines() if line]


def test_import_opens_no_socket_and_no_file_outside_the_package():
    assert watch_import("package", str(PACKAGE), str(Path(ast.__file__).parent)) == []


def test_importing_everything_opens_no_connection_and_starts_no_program():
    told = watch_import("all", "/", "C:\\")
    asks = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "subprocess", "os.system")
    own = "('::1', 0)"  # urllib3, which folium and osmnx bring along, looks whether the machine knows IPv6
    assert [line for line in told if line.startswith(asks) and own not in line] == []


def test_every_locked_package_has_hashes_and_no_registry_is_named():
    lock = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert not [line for line in lock.splitlines() if line.startswith("-")]
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", re.sub(r"(?m)^ *#.*\n", "", lock))[1:]
    assert len(entries) > 80
    assert [entry.split()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
