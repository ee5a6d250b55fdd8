"""Loops that numba compiles: the hierarchy behind full matrices, and a search that ends at a cutoff.

A way has one label, an integer with its seconds above its metres (`labels.py`): labels are added and compared like numbers, so the quicker
way wins and of equally quick ones the shorter; sums are exact.
"""

import numpy as np

from layout_planner.travel.compiling import compiled
from layout_planner.travel.labels import METRE_BITS, METRE_GRAIN, METRES, NOWHERE, SECOND_GRAIN


@compiled
def grow_tree(begin, neighbour):
    """Return the parent of every node in the elimination tree, -1 = none (Liu, with path compression); nodes are numbered by rank."""
    parent, above = np.full(len(begin) - 1, -1, np.int32), np.full(len(begin) - 1, -1, np.int32)
    for v in range(len(parent)):
        for a in range(begin[v], begin[v + 1]):
            u = neighbour[a]
            while u != -1 and u < v:
                following = above[u]
                above[u] = v
                if following == -1:
                    parent[u] = v
                u = following
    return parent


@compiled
def number_tree(parent):
    """Return the node's number when every subtree is numbered without a gap and before its root: what is swept together lies together."""
    size, free, number = np.ones(len(parent), np.int64), np.zeros(len(parent) + 1, np.int64), np.empty(len(parent), np.int32)
    for v in range(len(parent)):
        if parent[v] >= 0:
            size[parent[v]] += size[v]
    for v in range(len(parent) - 1, -1, -1):
        free[v] = free[parent[v]]  # the last element serves all roots
        free[parent[v]] += size[v]
        number[v] = free[v] + size[v] - 1
    return number


@compiled
def tie_neighbours(begin, neighbour, parent, start, head):
    """Count the upper neighbours of every node, or, where `head` has room, write them from start[v] on, ascending."""
    seen, count = np.full(len(parent), -1, np.int32), np.zeros(len(parent), np.int64)
    for v in range(len(parent)):
        seen[v] = v
        for a in range(begin[v], begin[v + 1]):
            u = neighbour[a]
            while u < v and seen[u] != v:
                seen[u] = v
                if len(head):
                    head[start[u] + count[u]] = v
                count[u] += 1
                u = parent[u]
    return count


@compiled
def lay_weights(start, head, tail, tip, label, weight):
    """Write arcs into `weight` (slots, 2): label upward, label downward; return the first arc without a slot, or -1."""
    for a in range(len(tail)):
        low, high = min(tail[a], tip[a]), max(tail[a], tip[a])
        slot = start[low] + np.searchsorted(head[start[low] : start[low + 1]], high)
        if slot == start[low + 1] or head[slot] != high:
            return a
        weight[slot, 0 if tail[a] == low else 1] = label[a]
    return -1


@compiled
def customise(start, head, weight):
    """Lower every slot to the best way between its ends through nodes of lower rank."""
    for v in range(len(start) - 1):
        for a in range(start[v], start[v + 1]):
            slot = start[head[a]]
            for b in range(a + 1, start[v + 1]):
                while head[slot] != head[b]:
                    slot += 1
                weight[slot, 0] = min(weight[slot, 0], weight[a, 1] + weight[b, 0])  # lower -> v -> higher
                weight[slot, 1] = min(weight[slot, 1], weight[b, 1] + weight[a, 0])


@compiled
def find_needless(start, head, weight, needless):
    """Mark the slots that no best way needs to come down by: a way through higher nodes is better (perfect customisation)."""
    for v in range(len(start) - 2, -1, -1):
        for a in range(start[v], start[v + 1]):
            slot = start[head[a]]
            for b in range(a + 1, start[v + 1]):
                while head[slot] != head[b]:
                    slot += 1
                over_b, over_a = weight[slot, 0] + weight[b, 1], weight[slot, 1] + weight[a, 1]  # down to v over the other neighbour
                if over_b < weight[a, 1]:
                    weight[a, 1], needless[a] = over_b, True
                if over_a < weight[b, 1]:
                    weight[b, 1], needless[b] = over_a, True


@compiled
def climb(start, head, weight, sources, row, best, label):
    """Write into best (rows, sources) the labels of ways that only go up from every source.

    row[v] = -1 is not asked; `label` (nodes,) is all NOWHERE, and is so again afterwards.
    """
    for c in range(len(sources)):
        v = sources[c]
        label[v] = 0
        while v != -1:
            for a in range(start[v], start[v + 1]):
                label[head[a]] = min(label[head[a]], label[v] + weight[a, 0])
            if row[v] >= 0:
                best[row[v], c] = label[v]
            label[v] = NOWHERE
            v = head[start[v]] if start[v] < start[v + 1] else -1


@compiled
def sweep(begin, upper, label, best):
    """Lower best (rows, columns) by ways down from `upper` rows, the highest first."""
    for i in range(len(begin) - 1):
        own = best[i]
        for a in range(begin[i], begin[i + 1]):
            his, add = best[upper[a]], label[a]
            for c in range(len(own)):
                own[c] = min(own[c], his[c] + add)


@compiled
def unpack(best, goals, first, seconds, metres):
    """Write the labels of `goals` into seconds and metres (goals, sources) from column `first` on; `inf` where there is no way."""
    for i in range(len(goals)):
        labels, s, m = best[goals[i]], seconds[i, first:], metres[i, first:]
        for c in range(min(len(labels), len(s))):
            s[c] = (labels[c] >> METRE_BITS) * SECOND_GRAIN if labels[c] < NOWHERE else np.inf
            m[c] = (labels[c] & METRES) * METRE_GRAIN if labels[c] < NOWHERE else np.inf


@compiled
def push(keys, nodes, size, key, node):
    """Put a node into a heap of `size` nodes with four branches; the lowest key is on top."""
    at = size
    while at > 0 and keys[(at - 1) >> 2] > key:
        keys[at], nodes[at] = keys[(at - 1) >> 2], nodes[(at - 1) >> 2]
        at = (at - 1) >> 2
    keys[at], nodes[at] = key, node


@compiled
def pop(keys, nodes, size):
    """Take the top out of a heap of `size` nodes."""
    key, node, at = keys[size - 1], nodes[size - 1], 0
    while 4 * at + 1 < size - 1:
        least = 4 * at + 1
        for branch in range(least + 1, min(least + 4, size - 1)):
            least = branch if keys[branch] < keys[least] else least
        if key <= keys[least]:
            break
        keys[at], nodes[at], at = keys[least], nodes[least], least
    keys[at], nodes[at] = key, node


@compiled
def settle(begin, head, label, sources, limits, goals, asked, through, room):
    """Return how many sources were searched, and (source, node), label of what lies within their limits (labels).

    Found is the source's goal, or every `asked` node where that is -1. After about `room` findings no further source is begun. Of nodes
    that are not `through` the only way leads back. begin, head: uint64, uint32, for positions that may be negative cost a check.
    """
    most = max(1, np.sum(asked))
    far, touched = np.full(len(begin) - 1, NOWHERE), np.empty(len(begin) - 1, np.uint32)
    keys, nodes = np.empty(len(head) + 1, np.int64), np.empty(len(head) + 1, np.uint32)  # an arc puts its tip in once at most
    ends, labels = np.empty((room + most, 2), np.int32), np.empty(room + most, np.int64)
    done, found = 0, 0
    while done < len(sources) and found <= room:
        far[sources[done]] = keys[0] = 0
        nodes[0], touched[0], size, seen, goal = sources[done], sources[done], 1, 1, goals[done]
        while size > 0:
            key, v, size = keys[0], nodes[0], size - 1
            pop(keys, nodes, size + 1)
            if key > far[v]:
                continue  # it was reached sooner and is done
            if v == goal or (goal == -1 and asked[v]):
                ends[found, 0], ends[found, 1], labels[found], found = done, v, key, found + 1
                if v == goal:
                    break
            for a in range(begin[v], begin[v + 1]):
                w, there = head[a], key + label[a]
                if there <= limits[done] and there < far[w] and (through[w] or head[begin[w]] != v):
                    if far[w] == NOWHERE:
                        touched[seen], seen = w, seen + 1
                    far[w] = there
                    push(keys, nodes, size, there, w)
                    size += 1
        for w in touched[:seen]:
            far[w] = NOWHERE
        done += 1
    return done, ends[:found], labels[:found]
