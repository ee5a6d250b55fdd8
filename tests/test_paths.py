"""Shortest ways: both engines beside networkx and plain Python, on graphs with every oddity."""

from __future__ import annotations

import heapq
import sys

import networkx as nx
import numba
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layout_planner.output.order_folder import OrderFolder
from layout_planner.travel import hierarchy as hierarchy_module
from layout_planner.travel import network
from layout_planner.travel.compiling import compiled
from layout_planner.travel.hierarchy import Shape, build_hierarchy, name_topology, sweep_trips, weigh
from layout_planner.travel.network import make_arcs, seconds_between, seconds_pairwise, trips_between, trips_within

INF = np.inf
QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def graphs(draw):
    """Up to 12 nodes in any number of parts; one-way, parallel and zero-length arcs, loops, and many equally fast ways."""
    nodes = draw(st.integers(1, 12))
    node = st.integers(0, nodes - 1)
    arc = st.tuples(
        node, node, st.sampled_from([0.0, 1.0, 2.0, 3.0, 1 / 3, 2 / 3, 0.1, 700.7]), st.sampled_from([0.0, 1.0, 2.0, 1 / 7, 900.9])
    )
    return nodes, draw(st.lists(arc, max_size=40))


def as_arcs(nodes, arcs, shape=None):
    columns = list(zip(*arcs, strict=True)) or [(), (), (), ()]
    tail, head = (np.array(column, dtype=np.int64) for column in columns[:2])
    seconds, metres = (np.array(column, dtype=float) for column in columns[2:])
    return make_arcs(tail, head, seconds, metres, nodes, shape)


def plain_trips(arcs, source):
    """The oracle: Dijkstra on (seconds, metres), lowest first, in plain Python."""
    graph = arcs.seconds
    best = {}
    heap = [(0.0, 0.0, source)]
    while heap:
        seconds, metres, node = heapq.heappop(heap)
        if node in best:
            continue
        best[node] = seconds, metres
        for a in range(graph.indptr[node], graph.indptr[node + 1]):
            heapq.heappush(heap, (seconds + graph.data[a], metres + arcs.metres[a], int(graph.indices[a])))
    return [best.get(node, (INF, INF)) for node in range(graph.shape[0])]


def all_trips(arcs, nodes):
    everywhere = np.arange(nodes)
    return trips_between(arcs, everywhere, everywhere)


@QUICK
@given(graphs())
def test_both_engines_give_the_plain_answer_to_the_last_bit(graph):
    nodes, drawn = graph
    arcs = as_arcs(nodes, drawn)
    told = np.array([plain_trips(arcs, source) for source in range(nodes)])
    for cells in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(network, "PLAIN_CELLS", cells)
            seconds, metres = all_trips(arcs, nodes)
            assert np.array_equal(seconds, told[..., 0])
            assert np.array_equal(metres, told[..., 1])
            assert np.array_equal(seconds_between(arcs, np.arange(nodes), np.arange(nodes)), seconds)


@QUICK
@given(graphs())
def test_networkx_agrees(graph):
    nodes, drawn = graph
    peer = nx.MultiDiGraph()
    peer.add_nodes_from(range(nodes))
    peer.add_edges_from([(a, b, {"s": s}) for a, b, s, _ in drawn])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "PLAIN_CELLS", 0)
        seconds, metres = all_trips(as_arcs(nodes, drawn), nodes)
    for source in range(nodes):
        told = nx.single_source_dijkstra_path_length(peer, source, weight="s")
        assert np.allclose(seconds[source], [told.get(node, INF) for node in range(nodes)], rtol=0, atol=2e-3)
    assert np.array_equal(np.isinf(seconds), np.isinf(metres))


@QUICK
@given(graphs(), st.tuples(st.integers(0, 11), st.integers(0, 11), st.floats(0, 800), st.floats(0, 900)))
def test_one_more_arc_slows_no_trip(graph, arc):
    nodes, drawn = graph
    more = [*drawn, (arc[0] % nodes, arc[1] % nodes, *arc[2:])]
    for cells in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(network, "PLAIN_CELLS", cells)
            before, after = (all_trips(as_arcs(nodes, arcs), nodes)[0] for arcs in (drawn, more))
        assert (after <= before).all()


@QUICK
@given(graphs(), st.randoms(use_true_random=False))
def test_neither_row_order_nor_node_numbers_matter(graph, random):
    nodes, drawn = graph
    number = list(range(nodes))
    random.shuffle(number)
    moved = [(number[a], number[b], s, m) for a, b, s, m in drawn]
    random.shuffle(moved)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "PLAIN_CELLS", 0)
        one, two = all_trips(as_arcs(nodes, drawn), nodes), all_trips(as_arcs(nodes, moved), nodes)
    for label, other in zip(one, two, strict=True):
        assert np.array_equal(other[np.ix_(number, number)], label)


@QUICK
@given(graphs(), st.floats(0, 1500))
def test_search_within_a_limit_finds_what_the_matrix_holds(graph, limit):
    nodes, drawn = graph
    arcs = as_arcs(nodes, drawn)
    seconds, metres = (np.array([[label[k] for label in plain_trips(arcs, source)] for source in range(nodes)]) for k in (0, 1))
    places = np.array([*range(nodes), 0, -1])  # two places at one node, one place nowhere
    limits = np.linspace(limit, 0, len(places))
    for cells in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(network, "PLAIN_CELLS", cells)
            found = trips_within(arcs, places, places, limits)
            pairwise = seconds_pairwise(arcs, places, places[::-1], limits)
        table, way = np.full((2, len(places), len(places)), INF)
        table[found.source, found.target], way[found.source, found.target] = found.seconds, found.metres
        real = np.ix_(places >= 0, places >= 0)
        wanted, length = np.full((2, len(places), len(places)), INF)
        wanted[real], length[real] = (label[np.ix_(places[places >= 0], places[places >= 0])] for label in (seconds, metres))
        within = wanted <= limits[:, None]
        assert np.array_equal(table, np.where(within, wanted, INF))
        assert np.array_equal(way, np.where(within, length, INF))
        assert len(found.source) == within.sum()
        assert (np.diff(found.source * len(places) + found.target) > 0).all()
        own = wanted[np.arange(len(places)), np.arange(len(places))[::-1]]
        assert np.array_equal(pairwise, np.where(own <= limits, own, INF))


def grid(side, seed=5):
    """A town of streets, some one-way, as (nodes, arcs): enough for several blocks of columns and two threads."""
    rng = np.random.default_rng(seed)
    at = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate([np.column_stack([at[:, :-1].ravel(), at[:, 1:].ravel()]), np.column_stack([at[:-1].ravel(), at[1:].ravel()])])
    arcs = []
    for a, b in pairs.tolist():
        length, speed, kind = rng.integers(50, 400), rng.choice([4.0, 8.0, 12.0]), rng.random()
        arcs += [(a, b, length / speed, float(length))] if kind < 0.9 else []
        arcs += [(b, a, length / speed, float(length))] if kind > 0.05 else []
    return side * side, arcs


def test_blocks_and_threads_agree_with_one_by_one(monkeypatch):
    nodes, drawn = grid(25)
    arcs = as_arcs(nodes, drawn)
    rng = np.random.default_rng(2)
    sources, targets = rng.integers(-1, nodes, 70), rng.integers(-1, nodes, 200)
    sources[[3, 40]] = targets[5] = -1
    one = trips_between(arcs, sources, targets)
    monkeypatch.setattr(network, "PLAIN_CELLS", 0)
    for threads in (1, 3):
        monkeypatch.setattr(hierarchy_module, "THREADS", threads)
        two = trips_between(arcs, sources, targets)
        assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert np.isfinite(one[0]).any()


def test_equally_fast_ways_tell_the_shorter():
    """0 -> 3 takes 20 s by node 1 (300 m) and by node 2 (200 m); by way of the middle arc 0 -> 1 -> 2 it would take longer."""
    arcs = [(0, 1, 10, 150), (1, 3, 10, 150), (0, 2, 10, 100), (2, 3, 10, 100), (1, 2, 1, 1)]
    for cells in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(network, "PLAIN_CELLS", cells)
            seconds, metres = trips_between(as_arcs(4, arcs), np.array([0]), np.array([3]))
        assert metres[0, 0] == 200
        assert seconds[0, 0] == pytest.approx(20, abs=1e-6)


# --- the order, kept


def test_a_kept_order_saves_its_work_and_changes_no_byte(monkeypatch):
    nodes, drawn = grid(12)
    plain = as_arcs(nodes, drawn)
    orders = {}
    ends = np.arange(0, nodes, 7)

    def trips(arcs):
        hierarchy = arcs.shape.hierarchy
        return np.array(sweep_trips(hierarchy, weigh(hierarchy, arcs), ends, ends))

    def shape():
        return Shape(nodes, plain.shape.tail, plain.shape.head, orders)

    first = trips(as_arcs(nodes, drawn, shape()))
    assert list(orders) == [name_topology(plain.shape.links)]
    monkeypatch.setattr(hierarchy_module, "rank_nodes", None)  # an order that is found is not made anew
    assert np.array_equal(trips(as_arcs(nodes, drawn, shape())), first)
    closed = [arc for arc in drawn if min(arc[:2]) % 5]  # a bad day: the same net, fewer arcs
    assert not np.array_equal(trips(as_arcs(nodes, closed, shape())), first)
    assert len(orders) == 1


@pytest.mark.parametrize("kept", [[], [0, 0, 1], [5, 6, 7], [0.5, 1.5, 2.5], list(range(144))[::-1]])
def test_an_order_that_does_not_fit_is_made_anew(kept):
    nodes, drawn = grid(12)
    arcs = as_arcs(nodes, drawn)
    orders = {name_topology(arcs.shape.links): np.array(kept)}
    shape = Shape(nodes, arcs.shape.tail, arcs.shape.head, orders)
    hierarchy, made = build_hierarchy(shape), build_hierarchy(arcs.shape)
    ends = np.arange(nodes)
    one, two = (sweep_trips(h, weigh(h, arcs), ends, ends) for h in (hierarchy, made))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_arcs_of_other_roads_are_refused():
    nodes, drawn = grid(4)
    hierarchy = as_arcs(nodes, drawn).shape.hierarchy
    with pytest.raises(ValueError, match="other roads"):
        weigh(hierarchy, as_arcs(nodes, [*drawn, (0, 15, 1.0, 1.0)]))


def test_a_graph_that_is_no_net_of_roads_is_searched_one_by_one(monkeypatch):
    nodes = 300
    arcs = as_arcs(nodes, [(a, b, 1.0 + (a * b) % 7, 1.0) for a in range(nodes) for b in range(nodes) if a != b])
    assert arcs.shape.hierarchy is None
    monkeypatch.setattr(network, "PLAIN_CELLS", 0)
    assert trips_between(arcs, np.array([3]), np.array([4]))[0][0, 0] == pytest.approx(min(1.0 + 12 % 7, 2.0), abs=1e-6)


# --- where numba cannot do what it usually does


def test_without_numba_scipy_answers(monkeypatch):
    monkeypatch.setattr(network, "PLAIN_CELLS", 0)
    monkeypatch.setitem(sys.modules, "layout_planner.travel.kernels", None)
    nodes, drawn = grid(5)
    arcs = as_arcs(nodes, drawn)
    monkeypatch.setattr(Shape, "hierarchy", None)
    assert trips_between(arcs, np.array([0]), np.array([24]))[0][0, 0] == plain_trips(arcs, 0)[24][0]


def test_loops_compile_where_no_cache_can_be_written():
    """A function without a file has no folder for its cache, as one in a read-only installation without a home."""
    space = {}
    exec("def double(x):\n    return 2 * x", space)  # noqa: S102 - a function without a file
    with pytest.raises(RuntimeError, match="no locator available"):
        numba.njit(cache=True)(space["double"])
    assert compiled(space["double"])(21) == 42


# --- orders in a folder


def grid_shape(orders):
    nodes, drawn = grid(12)
    whole = as_arcs(nodes, drawn).shape
    return Shape(nodes, whole.tail, whole.head, orders)


def test_a_folder_keeps_an_order_for_the_next_run(tmp_path, monkeypatch):
    first = grid_shape(OrderFolder(tmp_path / "new" / "folder")).hierarchy
    monkeypatch.setattr(hierarchy_module, "rank_nodes", None)
    folder = OrderFolder(tmp_path / "new" / "folder")
    assert np.array_equal(grid_shape(folder).hierarchy.rank, first.rank)
    assert folder.notes == []
    assert len(list(folder.folder.iterdir())) == 1


def plain_array(file):
    with file.open("wb") as stream:
        np.save(stream, np.arange(144))


def swap_rank(file):
    with np.load(file) as kept:
        rank, name = kept["rank"].copy(), kept["name"]
    rank[0] = rank[1]
    np.savez(file, name=name, rank=rank)


@pytest.mark.parametrize(
    "harm",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"PK\x03\x04 not a zip"),
        lambda file: file.write_bytes(file.read_bytes()[:-100]),
        plain_array,
        lambda file: file.write_bytes(file.read_bytes()[:300] + b"\x07" + file.read_bytes()[301:]),
        lambda file: np.savez(file, name="another", rank=np.arange(144)),
        lambda file: np.savez(file, rank=np.arange(144)),
        lambda file: np.savez(file, name=file.stem, rank=np.array([{"a": 1}], dtype=object)),
        swap_rank,
    ],
)
def test_a_damaged_order_is_left_aside_with_a_note_and_mended(tmp_path, harm):
    first = grid_shape(OrderFolder(tmp_path)).hierarchy
    (file,) = tmp_path.iterdir()
    harm(file)
    folder = OrderFolder(tmp_path)
    assert np.array_equal(grid_shape(folder).hierarchy.rank, first.rank)
    assert [note.code for note in folder.notes] == ["road_order"]
    again = OrderFolder(tmp_path)
    assert np.array_equal(grid_shape(again).hierarchy.rank, first.rank)
    assert again.notes == []


def test_a_folder_that_cannot_be_written_is_noted_only(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    folder = OrderFolder(tmp_path / "file")
    assert grid_shape(folder).hierarchy is not None
    assert [note.code for note in folder.notes] == ["road_order"]
