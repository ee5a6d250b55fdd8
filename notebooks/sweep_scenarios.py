# %% [markdown]
# # Twenty scenarios and a frontier
#
# An analyst's notebook as a plain script: open it in Jupyter (jupytext) or an editor that knows `# %%` cells, or run it as it is:
#
#     python notebooks/sweep_scenarios.py
#
# It asks of the demo county: what do beds and buses buy, and what does it cost to keep more schools? The scenario may be another one:
# `SWEEP_SCENARIO=my-county/scenario.toml`; pictures go to `SWEEP_OUT` (default: `runs/notebook`).

# %%
import os
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # draws into files; take it out in Jupyter
import matplotlib.pyplot as plt

import layout_planner as lp

HERE = Path(__file__).resolve().parents[1]
SCENARIO = os.environ.get("SWEEP_SCENARIO", str(HERE / "scenarios" / "safeguarded.toml"))
OUT = Path(os.environ.get("SWEEP_OUT", HERE / "runs" / "notebook"))
OUT.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## Five amounts of buses times four amounts of beds
# Every variant is solved to the scenario's gap; `gap` says how far from the best possible it can be at most.

# %%
BUSES, BEDS = (0, 10, 20, 30, 45), (0, 100, 200, 400)
variants = {f"{buses} buses, {beds} beds": {"max_buses": buses, "max_new_beds": beds} for buses in BUSES for beds in BEDS}
table = lp.sweep_plans(SCENARIO, variants)
table["buses_allowed"] = [variants[name]["max_buses"] for name in table.index]
table["beds_allowed"] = [variants[name]["max_new_beds"] for name in table.index]
print(table[["at_risk", "mean_minutes", "sites_open", "new_beds", "buses", "cost_yuan", "gap"]].round(3).to_string())
table.to_csv(OUT / "sweep.csv")

# %% [markdown]
# ## What a bus buys

# %%
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for beds, part in table.groupby("beds_allowed"):
    axes.plot(part["buses_allowed"], part["at_risk"], "o-", label=f"{beds} new beds at most")
axes.set_xlabel("new buses at most")
axes.set_ylabel("pupils at risk")
axes.set_ylim(bottom=0)
axes.legend(frameon=False)
figure.savefig(OUT / "buses.png", dpi=110)

# %% [markdown]
# ## The frontier: what keeping more schools costs

# %%
found = lp.study_frontier(SCENARIO, points=6)
kept = [step.measures["sites_open"] for step in found.steps]
cost = [step.measures["cost_yuan"] / 1e6 for step in found.steps]
bound = [step.bound / 1e6 for step in found.steps]
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.fill_between(kept, bound, cost, alpha=0.2, label="not proven")
axes.plot(kept, cost, "o-", label="cheapest safe plan")
axes.set_xlabel("schools and points kept")
axes.set_ylabel("million yuan a year")
axes.legend(frameon=False)
figure.savefig(OUT / "frontier.png", dpi=110)

# %% [markdown]
# ## What no choice of schools can beat
# The shortest ways of the youngest that so many sites allow (a p-median, proven), with seats and money left out: a plan that brings
# everybody daily to as many schools has no lower mean. Ask for more numbers in a larger county.

# %%
BAND = "lower_primary"
ideal = lp.study_sites(SCENARIO, BAND, (1, 2))
print(ideal.drop(columns="open").round(1).to_string(index=False))
ideal.to_csv(OUT / "ideal.csv", index=False)
plt.close("all")
