"""The loop that numba compiles to fold ways between joints into ways between places; `links.link_ends` is its plain equal."""

import numpy as np

from layout_planner.travel.compiling import compiled


@compiled
def fold_joints(ways_s, ways_m, school_s, school_m, schools, home_s, home_m, homes, seconds, metres, home_row, school_row):
    """Write the quickest way between every home and school, of equally quick ones the shortest, of these the first.

    ways_s, ways_m      (joints of homes, joints of schools)
    school_s ... home_m legs of the joints
    schools, homes      where the joints of every place begin
    seconds ... school_row  (homes, schools), holding no way so far
    """
    for p in range(len(homes) - 1):
        for h in range(homes[p], homes[p + 1]):
            leg_s, leg_m, row_s, row_m = home_s[h], home_m[h], ways_s[h], ways_m[h]
            for k in range(len(schools) - 1):
                best_s, best_m, best = np.inf, np.inf, 0
                for j in range(schools[k], schools[k + 1]):
                    s = row_s[j] + school_s[j]
                    if s <= best_s:
                        m = row_m[j] + school_m[j]
                        if s < best_s or m < best_m:
                            best_s, best_m, best = s, m, j
                s, m = best_s + leg_s, best_m + leg_m
                if s < seconds[p, k] or (s == seconds[p, k] and m < metres[p, k]):
                    seconds[p, k], metres[p, k], home_row[p, k], school_row[p, k] = s, m, h, best
