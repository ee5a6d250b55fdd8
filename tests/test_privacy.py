"""Published counts are attacked: by sums, by differences of two publications, with a linear programme written anew here."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from layout_planner.privacy import Sum, choose_hidden, suppress_small

LEAST = 5
COUNTS = st.integers(0, 4) | st.integers(0, 30)


def ranges(publications, cells):
    """Return what an attacker knows of each base cell: `publications` are (coefficients over the base cells, published value).

    Its own formulation: unknown are the base cells only, every published figure is a row, inner totals are never variables.
    """
    rows = np.array([row for row, value in publications if value is not None], dtype=float).reshape(-1, cells)
    right = [value for _, value in publications if value is not None]
    return lambda row: tuple(
        sign * (-np.inf if found.status == 3 else found.fun)
        for sign in (1, -1)
        for found in [linprog(sign * np.asarray(row, float), A_eq=rows if len(right) else None, b_eq=right or None, bounds=(0, None))]
    )


def publications_of(shown, width, additive):
    """Return every figure of a table as coefficients over its inner cells (rows by `width`)."""
    height = len(shown) - 1
    figures = []
    for r in range(height + 1):
        for c in range(width + (1 if additive else 0)):
            row = np.zeros((height, width))
            row[slice(None) if r == height else r, slice(None) if c == width else c] = 1
            value = shown.iloc[r, c]
            figures.append((row.ravel(), None if value is pd.NA else int(value)))
    return figures


def assert_safe(figures, truth):
    see = ranges(figures, len(truth))
    for row, value in figures:
        if value is None:
            low, high = see(row)
            assert low - 1e-6 <= row @ truth <= high + 1e-6
            assert high - low >= LEAST - 1e-6
        else:
            assert value == row @ truth >= LEAST


@st.composite
def tables(draw, most_rows=7, most_columns=4):
    height, width = draw(st.integers(1, most_rows)), draw(st.integers(1, most_columns))
    values = draw(st.lists(st.lists(COUNTS, min_size=width, max_size=width), min_size=height, max_size=height))
    return pd.DataFrame(values, index=[f"T{r}" for r in range(height)], columns=[f"c{c}" for c in range(width)])


@settings(deadline=None, max_examples=40)
@given(tables(), st.booleans())
def test_no_hidden_count_can_be_found_from_the_published_ones(table, additive):
    shown = suppress_small(table, LEAST, total="all", row_total="sum" if additive else None)
    assert_safe(publications_of(shown, table.shape[1], additive), table.to_numpy().ravel())


@settings(deadline=None, max_examples=20)
@given(tables(), st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(table, random):
    order = list(table.index)
    random.shuffle(order)
    one = suppress_small(table, LEAST, total="all", row_total="sum")
    two = suppress_small(table.loc[order], LEAST, total="all", row_total="sum")
    pd.testing.assert_frame_equal(one, two.loc[one.index])


@settings(deadline=None, max_examples=20)
@given(st.lists(st.lists(COUNTS, min_size=1, max_size=5), min_size=1, max_size=5))
def test_three_levels_published_together_keep_their_secrets(townships):
    """Villages, townships and county at once: a village is not its township less the other villages."""
    counts, sums, tops = [], [], []
    for villages in townships:
        first = len(counts)
        counts += [*villages, sum(villages)]
        sums.append(Sum(len(counts) - 1, tuple(range(first, len(counts) - 1))))
        tops.append(len(counts) - 1)
    counts.append(sum(counts[top] for top in tops))
    sums.append(Sum(len(counts) - 1, tuple(tops)))
    hidden = choose_hidden(counts, sums, LEAST)
    leaves = [cell for cell in range(len(counts)) if all(cell != relation.total for relation in sums)]
    cover = {cell: {cell} for cell in leaves}
    for relation in sums:
        cover[relation.total] = set().union(*(cover[part] for part in relation.parts))
    figures = [
        (np.array([float(leaf in cover[cell]) for leaf in leaves]), None if hidden[cell] else counts[cell]) for cell in range(len(counts))
    ]
    assert_safe(figures, np.array([counts[leaf] for leaf in leaves]))


def test_by_hand():
    # B (3) is small. Alone hidden it would be 30 - 20 - 7, so the smallest other, C, is hidden too: B and C are 10 together.
    table = pd.DataFrame({"left_behind": [20, 3, 7]}, index=["A", "B", "C"])
    shown = suppress_small(table, LEAST, total="all")["left_behind"]
    assert shown.isna().tolist() == [False, True, True, False]
    assert shown["A"] == 20
    assert shown["all"] == 30


def test_small_ones_that_sum_to_little_take_a_third_with_them():
    # B and C are 1 and 2: hidden alone, each is known to be at most 3
    table = pd.DataFrame({"disabled": [20, 1, 2, 9]}, index=["A", "B", "C", "D"])
    assert suppress_small(table, LEAST, total="all")["disabled"].isna().tolist() == [False, True, True, True, False]


def test_the_same_attack_breaks_a_table_that_hides_the_small_ones_only():
    table = pd.DataFrame({"left_behind": [20, 3, 7]}, index=["A", "B", "C"])
    naive = pd.concat([table, table.sum().rename("all").to_frame().T]).astype("Int64")
    naive = naive.mask(naive < LEAST)
    with pytest.raises(AssertionError):
        assert_safe(publications_of(naive, 1, additive=False), table.to_numpy().ravel())


@settings(deadline=None, max_examples=20)
@given(tables(most_columns=1), st.integers(0, 6))
def test_two_publications_of_one_county_tell_no_more_than_one(table, other):
    """Every scenario publishes the county's counts of its own data year: the same figures, the same cells hidden."""
    again = table.iloc[np.roll(np.arange(len(table)), other)]
    first, second = (suppress_small(part, LEAST, total="all") for part in (table, again))
    figures = publications_of(first, 1, additive=False) + publications_of(second.loc[first.index], 1, additive=False)
    assert_safe(figures, table.to_numpy().ravel())


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="not negative"):
        choose_hidden([1, -1, 0], [], LEAST)
