"""Tables in PostGIS and in folders of parquet parts: the same county as from files, nothing but reading, no password anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from layout_planner.county.inputs import read_county
from layout_planner.demo.province import make_province
from layout_planner.demo.province_county import Size
from layout_planner.errors import InputError, ScenarioError
from layout_planner.province.keys import name_county
from layout_planner.scenario import Scenario, read_scenario

TINY = Size(townships=1, villages=6, settlements=16, pupils=160, side_m=7_000.0, shared=(2, 1))
SECRET = "s3cret-w0rd"  # noqa: S105 - of a database that lives for one test
TABLES = ("settlements", "schools", "roads", "boundary")


@pytest.fixture(scope="module")
def county_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make_province(folder, counties=1, size=TINY)
    return folder / "990001"


@pytest.fixture
def scenario(county_folder) -> Scenario:
    return read_scenario(county_folder / "scenario.toml")


def write_scenario(place: Path, county_folder: Path, data: str) -> Path:
    """Write a scenario like that of the county but for some lines of [data]."""
    path = place / "scenario.toml"
    text = f'extends = "{county_folder}/scenario.toml"\nname = "other"\n[data]\ndir = "{county_folder}"\n{data}'
    path.write_text(text, encoding="utf-8")
    return path


def check_same(one, two) -> None:
    """Fail unless two counties hold the same places and the same roads."""
    for role in ("settlements", "schools"):
        left, right = getattr(one, role), getattr(two, role)
        pd.testing.assert_frame_equal(left.drop(columns="geometry"), right.drop(columns="geometry"), check_like=True, check_dtype=False)
        assert (left.geometry.to_wkb() == right.geometry.to_wkb()).all()
    for role in ("roads",):
        drawn = [sorted(shape.normalize().wkb for shape in getattr(county, role).edges.geometry) for county in (one, two)]
        assert drawn[0] == drawn[1]


# ---- what a scenario may say


@pytest.mark.parametrize(
    "source",
    [
        f'{{ postgis = "postgresql://planner:{SECRET}@gis/edu", table = "edu.schools" }}',
        f'{{ postgis = "postgresql://gis/edu?password={SECRET}", table = "edu.schools" }}',
        f'{{ postgis = "host=gis dbname=edu password = {SECRET}", table = "edu.schools" }}',
        f'{{ postgis = "host=gis PASSWORD={SECRET}", table = "edu.schools" }}',
        f'{{ postgis = "{SECRET}", table = "edu.schools" }}',
        f'{{ postgis = {{ password = "{SECRET}" }}, table = "edu.schools" }}',
        f'"postgresql://planner:{SECRET}@gis/edu"',
        f'{{ postgis = "postgresql://planner:{SECRET}@gis/edu", path = "schools.parquet" }}',
    ],
)
def test_a_password_is_refused_and_never_repeated(tmp_path, county_folder, source):
    path = write_scenario(tmp_path, county_folder, "")
    text = (county_folder.parent / "base.toml").read_text(encoding="utf-8")
    path.write_text(text.replace('schools = { path = "schools.parquet" }', f"schools = {source}"), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path)
    for lang in ("zh", "en"):
        assert SECRET not in caught.value.say(lang)
        assert "schools" in caught.value.say(lang)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{}", "name a file"),
        ('{ table = "schools" }', "need `postgis`"),
        ('{ postgis = "service=edu" }', "either a `table` or a `query`"),
        ('{ postgis = "service=edu", table = "a", query = "select 1" }', "either a `table` or a `query`"),
        ('{ postgis = "service=edu", table = "a", path = "b.csv" }', "not both"),
        ('{ postgis = "service=edu", table = "a.b.c" }', "data.schools.table"),
        ("""{ postgis = "service=edu", table = 'a" where 1=1 --' }""", "data.schools.table"),
        ('{ postgis = 3, table = "a" }', "service=NAME"),
    ],
)
def test_what_names_no_source_or_several_is_told(tmp_path, county_folder, source, says):
    path = tmp_path / "scenario.toml"
    text = (county_folder.parent / "base.toml").read_text(encoding="utf-8")
    head = 'name = "x"\ntitle = { zh = "一", en = "x" }\n'
    path.write_text(head + text.replace('schools = { path = "schools.parquet" }', f"schools = {source}"), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path)
    assert says in caught.value.say("en")


def on_database(scenario: Scenario, connection: str, **asked: dict[str, str]) -> Scenario:
    """Return the scenario with some of its tables in a database; by role, what is asked of it."""
    data = scenario.data.model_dump(exclude_none=True)
    for role, words in asked.items():
        data[role] = {"postgis": connection, **words}
    return Scenario.model_validate({**scenario.model_dump(by_alias=True), "data": data})


def test_how_to_connect_is_in_no_dump(scenario):
    asked = on_database(scenario, "postgresql://planner@gis.bureau/edu", schools={"table": "edu.schools"}, roads={"query": "select 1"})
    dumped = asked.model_dump_json()
    assert "gis.bureau" not in dumped
    assert "planner" not in dumped
    assert asked.data.schools.path == "postgis:edu/schools"
    assert asked.data.roads.path.startswith("postgis:query-")


def test_a_server_that_does_not_answer_is_told_for_every_table(scenario, tmp_path):
    pytest.importorskip("psycopg")
    asked = on_database(scenario, f"host={tmp_path} dbname=edu", schools={"table": "edu.schools"}, settlements={"table": "homes"})
    with pytest.raises(InputError) as caught:
        read_county(asked)
    assert "does not answer" in caught.value.say("en")
    assert "postgis:homes" in caught.value.say("en")


def test_missing_libraries_are_told(scenario, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r"layout-planner\[postgis\]"):
        read_county(on_database(scenario, "service=edu", schools={"table": "schools"}))


# ---- a real server


def find_server() -> Path | None:
    """Return the folder of PostgreSQL's programs where PostGIS stands beside it."""
    found = shutil.which("initdb")
    places = [*([Path(found).resolve().parent] if found else []), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    for place in places:
        shared = [Path("/usr/share/postgresql") / place.parent.name, place.parent / "share", place.parent / "share" / "postgresql"]
        if (place / "initdb").exists() and any((folder / "extension" / "postgis.control").exists() for folder in shared):
            return place
    return None


def as_owner() -> dict[str, str]:
    """Return how to start PostgreSQL, which refuses to run as root."""
    return {} if os.name != "posix" or os.geteuid() else {"user": "nobody"}


@pytest.fixture(scope="module")
def running(county_folder):
    """Yield how to connect to a database that holds the county, as a role that may only read and needs a password."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
    programs = find_server() if os.name == "posix" else None
    if programs is None:
        pytest.skip("no PostgreSQL with PostGIS on this machine: tools/setup postgis installs one")
    place = Path(tempfile.mkdtemp(prefix="lp-pg-"))
    if not os.geteuid():
        shutil.chown(place, "nobody")
    data, started = place / "data", None
    try:
        subprocess.run([programs / "initdb", "-D", data, "-U", "owner", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"],
                       check=True, capture_output=True, **as_owner())  # fmt: skip
        (data / "pg_hba.conf").write_text("local all owner trust\nlocal all all scram-sha-256\n", encoding="utf-8")
        options = f"-c listen_addresses='' -k {place} -c fsync=off"
        subprocess.run([programs / "pg_ctl", "-D", data, "-w", "-o", options, "-l", place / "log", "start"], check=True,
                       stdout=subprocess.DEVNULL, **as_owner())  # fmt: skip
        started = True
        with psycopg.connect(f"host={place} dbname=postgres user=owner", autocommit=True) as session:
            session.execute("CREATE DATABASE edu")
        with psycopg.connect(f"host={place} dbname=edu user=owner") as session:
            fill(session, county_folder)
        yield f"host={place} dbname=edu user=planner"
    finally:
        if started:
            subprocess.run([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=False, capture_output=True, **as_owner())
        shutil.rmtree(place, ignore_errors=True)


def fill(session, county_folder: Path) -> None:
    """Put the county's tables into the database, in no order."""
    session.execute("CREATE EXTENSION postgis; CREATE SCHEMA edu; CREATE SEQUENCE edu.counter")
    for name in TABLES:
        frame = gpd.read_parquet(county_folder / f"{name}.parquet").sample(frac=1, random_state=3)
        kinds = {column: _kind(frame[column]) for column in frame.columns}
        columns = ", ".join(f'"{column}" {kind}' for column, kind in kinds.items())
        session.execute(f"CREATE TABLE edu.{name} ({columns})")
        places = ", ".join("ST_GeomFromWKB(%s, 4326)" if kind == "geometry" else "%s" for kind in kinds.values())
        rows = pd.DataFrame(frame).assign(geometry=frame.geometry.to_wkb()).astype(object).where(lambda table: table.notna(), None)
        session.cursor().executemany(f"INSERT INTO edu.{name} VALUES ({places})", [tuple(row) for row in rows.to_numpy()])  # noqa: S608
    session.execute("CREATE TABLE edu.hidden (a int); CREATE TABLE edu.two (school_id text, a geometry, b geometry)")
    session.execute("ALTER TABLE edu.schools ADD COLUMN opened date DEFAULT '2001-09-01', ADD COLUMN area numeric DEFAULT 12.5")
    session.execute("ALTER TABLE edu.schools ADD COLUMN tags json DEFAULT '{}', ADD COLUMN key uuid DEFAULT gen_random_uuid()")
    session.execute(f"CREATE ROLE planner LOGIN PASSWORD '{SECRET}'; GRANT USAGE ON SCHEMA edu TO planner")
    session.execute("GRANT ALL ON ALL TABLES IN SCHEMA edu TO planner; GRANT ALL ON ALL SEQUENCES IN SCHEMA edu TO planner")
    session.execute("REVOKE ALL ON edu.hidden FROM planner")


def _kind(column: pd.Series) -> str:
    if column.name == "geometry":
        return "geometry"
    if column.dtype == bool:
        return "boolean"
    return "double precision" if pd.api.types.is_numeric_dtype(column) else "text"


@pytest.fixture
def server(running, monkeypatch) -> str:
    """Return how to connect; the password stands in the environment."""
    monkeypatch.setenv("PGPASSWORD", SECRET)
    return running


def all_tables(scenario: Scenario, server: str) -> Scenario:
    return on_database(scenario, server, **{name: {"table": f"edu.{name}"} for name in TABLES})


def test_a_county_in_a_database_is_the_county_in_files(scenario, server):
    stored = read_county(all_tables(scenario, server))
    check_same(read_county(scenario), stored)
    assert {source.path for source in stored.sources} >= {f"postgis:edu/{name}" for name in TABLES}
    assert all(len(source.sha256) == 64 for source in stored.sources)


def test_a_query_chooses_rows_and_names_columns(scenario, server):
    query = "SELECT * FROM edu.schools WHERE name NOT LIKE '%:nobody%' -- all\nORDER BY random();\n"
    check_same(read_county(scenario), read_county(on_database(scenario, server, schools={"query": query})))


def test_the_order_of_rows_changes_no_key_and_a_changed_cell_does(scenario, server):
    import psycopg

    asked = all_tables(scenario, server)
    before = name_county(asked)
    owner = server.replace("planner", "owner")
    with psycopg.connect(owner) as session:
        session.execute("UPDATE edu.schools SET name = name")  # moves every row to another place of the table
        session.execute("UPDATE edu.roads SET geometry = geometry WHERE random() < 0.5")
    assert name_county(asked) == before
    with psycopg.connect(owner) as session:
        session.execute("UPDATE edu.schools SET area = 13 WHERE school_id = (SELECT min(school_id) FROM edu.schools)")
    assert name_county(asked) != before


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM edu.schools RETURNING *",
        "SELECT 1; DROP TABLE edu.schools",
        "SELECT 1) AS a; DROP TABLE edu.schools; --",
        "WITH gone AS (DELETE FROM edu.schools RETURNING *) SELECT * FROM gone",
        "SELECT nextval('edu.counter') AS a",
        "SELECT set_config('transaction_read_only', 'off', false) AS a FROM edu.schools; DELETE FROM edu.schools",
        "SELECT lo_create(0) AS a",
        "TABLE edu.schools; COMMIT; DROP TABLE edu.schools",
    ],
)
def test_nothing_is_ever_written(scenario, server, query):
    import psycopg

    with pytest.raises(InputError):
        read_county(on_database(scenario, server, schools={"query": query}))
    with psycopg.connect(server.replace("planner", "owner")) as session:
        assert session.execute("SELECT count(*) FROM edu.schools").fetchone()[0] > 0
        assert session.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchone() == (0,)
        assert session.execute("SELECT last_value, is_called FROM edu.counter").fetchone() == (1, False)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"table": "edu.nothing"}, "does not exist"),
        ({"table": "edu.hidden"}, "permission denied"),
        ({"table": "edu.two"}, "several columns of places"),
        ({"query": "SELECT FROM WHERE"}, "syntax error"),
        ({"query": "SELECT nextval('edu.counter') AS a"}, "read-only transaction"),
        ({"query": "SELECT 1 AS a WHERE false"}, "school_id"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_other_faults(scenario, server, asked, says):
    with pytest.raises(InputError) as caught:
        read_county(on_database(scenario, server, schools=asked))
    assert says in caught.value.say("en")
    assert "postgis:" in caught.value.say("en")
    assert SECRET not in caught.value.say("en")


def test_faults_of_several_tables_are_told_at_once(scenario, server):
    with pytest.raises(InputError) as caught:
        read_county(
            on_database(scenario, server, schools={"table": "edu.no1"}, roads={"table": "edu.no2"}, boundary={"table": "edu.boundary"})
        )
    assert {problem.file for problem in caught.value.problems} == {"postgis:edu/no1", "postgis:edu/no2"}


def test_without_a_password_one_is_told(scenario, server, monkeypatch):
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", os.devnull)
    with pytest.raises(InputError, match="does not answer"):
        read_county(all_tables(scenario, server))


def test_a_table_longer_than_any_county_is_refused(scenario, server, monkeypatch):
    monkeypatch.setattr("layout_planner.county.database.MAX_ROWS", 3)
    with pytest.raises(InputError, match="too many rows"):
        read_county(all_tables(scenario, server))


# ---- folders of parquet parts


def split(county_folder: Path, name: str, place: Path) -> Path:
    """Write a table as two parts below `place`."""
    frame = gpd.read_parquet(county_folder / f"{name}.parquet")
    for number, rows in enumerate(np.array_split(np.arange(len(frame)), 2)):
        home = place / f"part={number}"
        home.mkdir(parents=True)
        frame.iloc[rows].to_parquet(home / "part.parquet", index=False)
    (place / "_SUCCESS").write_text("", encoding="utf-8")
    return place


@pytest.mark.parametrize("ending", ["", ".parquet"])
def test_parts_of_parquet_are_the_whole(scenario, county_folder, tmp_path, ending):
    parts = {name: split(county_folder, name, tmp_path / f"{name}{ending}") for name in ("settlements", "schools", "roads")}
    lines = "".join(f'{name} = {{ path = "{place}" }}\n' for name, place in parts.items())
    stored = read_county(read_scenario(write_scenario(tmp_path, county_folder, lines)))
    check_same(read_county(scenario), stored)


def test_the_name_of_a_partition_is_a_column(county_folder, tmp_path):
    from layout_planner.county.parquet_files import read_parquet

    place = split(county_folder, "schools", tmp_path / "schools")
    frame = read_parquet(place)
    assert sorted(frame["part"].unique()) == ["0", "1"]
    assert list(read_parquet(place / "part=1")["part"].unique()) == ["1"]
    assert isinstance(frame, gpd.GeoDataFrame)


def test_folders_that_are_no_table_are_told(county_folder, tmp_path, monkeypatch):
    def read(place: Path) -> str:
        with pytest.raises(InputError) as caught:
            read_county(read_scenario(write_scenario(tmp_path, county_folder, f'schools = {{ path = "{place}" }}\n')))
        return caught.value.say("en")

    (tmp_path / "empty").mkdir()
    assert "this is a folder" in read(tmp_path / "empty")
    place = split(county_folder, "schools", tmp_path / "schools")
    (place / "part=0" / "more.parquet").symlink_to(county_folder / "roads.parquet")
    assert "holds a link" in read(place)
    (place / "part=0" / "more.parquet").unlink()
    (place / "part=0" / "more.parquet").write_bytes(b"PAR1 no more")
    assert "damaged" in read(place)
    monkeypatch.setattr("layout_planner.county.parquet_files.MAX_PARTS", 2)
    assert "too many parquet files" in read(place)
