"""Loops that numba compiles: the hierarchy behind full matrices, and a search that ends at a cutoff.

A way has two labels: its cost (seconds, see `network.make_arcs`) and its metres. The lower cost wins, then fewer metres; sums are exact.
"""

import numpy as np

from layout_planner.travel.compiling import compiled


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
def lay_weights(start, head, tail, tip, cost, metres, weight):
    """Write arcs into `weight` (slots, 4): cost and metres upward, then downward; return the first arc without a slot, or -1."""
    for a in range(len(tail)):
        low, high = min(tail[a], tip[a]), max(tail[a], tip[a])
        slot = start[low] + np.searchsorted(head[start[low] : start[low + 1]], high)
        if slot == start[low + 1] or head[slot] != high:
            return a
        side = 0 if tail[a] == low else 2
        weight[slot, side], weight[slot, side + 1] = cost[a], metres[a]
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
                for side, one, two in ((0, a, b), (2, b, a)):  # lower -> v -> higher, and back
                    cost, metres = weight[one, 2] + weight[two, 0], weight[one, 3] + weight[two, 1]
                    if cost < weight[slot, side] or (cost == weight[slot, side] and metres < weight[slot, side + 1]):
                        weight[slot, side], weight[slot, side + 1] = cost, metres


@compiled
def find_needless(start, head, weight, needless):
    """Mark the slots that no best way needs to come down by: a way through higher nodes is better (perfect customisation)."""
    for v in range(len(start) - 2, -1, -1):
        for a in range(start[v], start[v + 1]):
            slot = start[head[a]]
            for b in range(a + 1, start[v + 1]):
                while head[slot] != head[b]:
                    slot += 1
                for side, one, two in ((0, a, b), (2, b, a)):  # down to v over the other neighbour
                    cost, metres = weight[slot, side] + weight[two, 2], weight[slot, side + 1] + weight[two, 3]
                    if cost < weight[one, 2] or (cost == weight[one, 2] and metres < weight[one, 3]):
                        weight[one, 2], weight[one, 3], needless[one] = cost, metres, True


@compiled
def climb(start, head, weight, sources, row, best):
    """Write into best (rows, 2, sources) the cost and metres of ways that only go up from every source; row[v] = -1 is not asked."""
    cost, metres = np.full(len(row), np.inf), np.full(len(row), np.inf)
    for c in range(len(sources)):
        v = sources[c]
        cost[v] = metres[v] = 0.0
        while v != -1:
            for a in range(start[v], start[v + 1]):
                w, far, long = head[a], cost[v] + weight[a, 0], metres[v] + weight[a, 1]
                if far < cost[w] or (far == cost[w] and long < metres[w]):
                    cost[w], metres[w] = far, long
            if row[v] >= 0:
                best[row[v], 0, c], best[row[v], 1, c] = cost[v], metres[v]
            cost[v] = metres[v] = np.inf
            v = head[start[v]] if start[v] < start[v + 1] else -1


@compiled
def sweep(begin, upper, cost, metres, best, goals, first, cost_to, metres_to):
    """Lower best (rows, 2, columns) by ways down from `upper` rows, the highest first; write the goals' labels from row `first` on."""
    for i in range(len(begin) - 1):
        own, own_m = best[i, 0], best[i, 1]
        for a in range(begin[i], begin[i + 1]):
            his, his_m, add, add_m = best[upper[a], 0], best[upper[a], 1], cost[a], metres[a]
            for c in range(len(own)):
                far, long = his[c] + add, his_m[c] + add_m
                better = (far < own[c]) | ((far == own[c]) & (long < own_m[c]))
                own[c] = far if better else own[c]
                own_m[c] = long if better else own_m[c]
    for some in range(0, len(goals), 64):  # so that both sides of the copy stay in the cache
        for c in range(min(best.shape[2], len(cost_to) - first)):
            for i in range(some, min(some + 64, len(goals))):
                cost_to[first + c, i], metres_to[first + c, i] = best[goals[i], 0, c], best[goals[i], 1, c]


@compiled
def lift(heap, place, far, long, at):
    """Move the node at position `at` of the heap up to where it belongs; the nearest is on top."""
    node = heap[at]
    while at > 0:
        over = heap[(at - 1) >> 1]
        if far[over] < far[node] or (far[over] == far[node] and long[over] <= long[node]):
            break
        heap[at], place[over] = over, at
        at = (at - 1) >> 1
    heap[at], place[node] = node, at


@compiled
def take_top(heap, place, far, long, size):
    """Remove the nearest of `size` nodes from the heap and return it."""
    top, node, at = heap[0], heap[size - 1], 0
    while 2 * at + 1 < size - 1:
        under = 2 * at + 1
        one, two = heap[under], heap[min(under + 1, size - 2)]
        if far[two] < far[one] or (far[two] == far[one] and long[two] < long[one]):
            under, one = under + 1, two
        if far[node] < far[one] or (far[node] == far[one] and long[node] <= long[one]):
            break
        heap[at], place[one] = one, at
        at = under
    heap[at], place[node] = node, at
    return top


@compiled
def settle(begin, head, cost, metres, sources, limits, goals, asked, room):
    """Return how many sources were searched, and (source, node), (cost, metres) of what lies within their limits.

    Found is the source's goal, or every `asked` node where that is -1. After about `room` findings no further source is begun.
    """
    nodes, most = len(begin) - 1, max(1, np.sum(asked))
    far, long, place = np.full(nodes, np.inf), np.full(nodes, np.inf), np.empty(nodes, np.int32)
    heap, touched = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    ends, labels = np.empty((room + most, 2), np.int32), np.empty((room + most, 2))
    done, found = 0, 0
    while done < len(sources) and found <= room:
        v, goal = sources[done], goals[done]
        far[v] = long[v] = 0.0
        heap[0], touched[0], place[v], size, seen = v, v, 0, 1, 1
        while size > 0:
            v = take_top(heap, place, far, long, size)
            size -= 1
            if v == goal or (goal == -1 and asked[v]):
                ends[found, 0], ends[found, 1], labels[found, 0], labels[found, 1], found = done, v, far[v], long[v], found + 1
                if v == goal:
                    break
            for a in range(begin[v], begin[v + 1]):
                w, there, way = head[a], far[v] + cost[a], long[v] + metres[a]
                if there <= limits[done] and (there < far[w] or (there == far[w] and way < long[w])):
                    if far[w] == np.inf:
                        place[w], heap[size], touched[seen], size, seen = size, w, w, size + 1, seen + 1
                    far[w], long[w] = there, way
                    lift(heap, place, far, long, place[w])
        for w in touched[:seen]:
            far[w] = long[w] = np.inf
        done += 1
    return done, ends[:found], labels[:found]
