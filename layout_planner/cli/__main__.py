"""Run as `python -m layout_planner.cli`."""

from layout_planner.cli import main

main(prog_name="layout-planner")
