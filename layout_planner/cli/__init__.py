"""The command line: each verb parses its words, calls one function, prints and sets the exit code."""

from __future__ import annotations

import click

from layout_planner.cli import buses, children, consulting, files, hearing, monitoring, objecting, papers, plans, province, trips, years


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="layout-planner")
def main() -> None:
    """Plan where children go to school, and prove that no merger comes before its safeguards.

    \b
    layout-planner demo                          the demo county, three scenarios
    layout-planner new my-county                 blank Excel forms and a first scenario
    layout-planner check my-county/scenario.toml
    layout-planner run my-county/scenario.toml
    """  # noqa: D301 - \b is click's mark for text that must not be wrapped


for verb in (
    plans.demo,
    files.new,
    files.check,
    trips.travel,
    buses.buses,
    children.demand,
    children.retention,
    children.risk,
    children.status,
    plans.run,
    plans.compare,
    hearing.publish,
    consulting.draw_map,
    consulting.consult,
    objecting.objections,
    hearing.gate,
    monitoring.monitor,
    plans.why,
    plans.frontier,
    years.years,
    province.province,
    papers.dossier,
    papers.sheets,
    papers.report,
    files.schema,
    files.fetch,
):
    main.add_command(verb)
