"""Verbs for those who judge a plan: the gate and what may be published."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from layout_planner.cli.frame import DATA, FILE, common, print_json
from layout_planner.errors import EXIT_GATE
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.words import Lang

WHOLE = Words("已核对：证书及其所列的每个文件都没有改动。", "Checked: the certificate and every file that it names are as they were.")


@click.command()
@click.argument("folder", metavar="RUN", type=FILE)
@click.option("--check", "recheck", is_flag=True, help="Re-verify the certificate from the files.")
@click.option("--sign", "key", type=FILE, default=None, help="Sign the certificate with this Ed25519 private key (PEM).")
@click.option("--signed-by", "public_key", type=FILE, default=None, help="Check the signature against this public key (PEM).")
@DATA
@common
def gate(folder: Path, data_dir: Path | None, lang: Lang, *, recheck: bool, as_json: bool, **keys: Path | None) -> None:
    """Show the gate's verdict on a stored run and what would lift each refusal. Exit code 5 when it refuses."""
    from layout_planner.output.run_folder import write_signature
    from layout_planner.output.run_view import describe_view, read_view
    from layout_planner.output.terminal import findings_table, result_console, verdict_text
    from layout_planner.safeguards.certificate import check_certificate
    from layout_planner.safeguards.signature import check_signature

    view = read_view(folder)
    if keys["key"] is not None:
        write_signature(folder, keys["key"])
    broken = check_certificate(folder, data_dir) if recheck else []
    broken += check_signature(folder, keys["public_key"]) if keys["public_key"] is not None else []
    if as_json:
        print_json({"verdict": view.verdict, "findings": describe_view(view)["findings"], "certificate": [w._asdict() for w in broken]})
    else:
        console = result_console()
        console.print(f"{view.title.say(lang)}: {verdict_text(view.verdict, lang)}")
        if view.verdict != "pass":
            console.print(findings_table(view, lang))
        for words in broken:
            console.print(words.say(lang), style="red", markup=False)
        if recheck and not broken:
            console.print(WHOLE.say(lang), markup=False)
    sys.exit(0 if view.verdict == "pass" and not broken else EXIT_GATE)


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=FILE)
@click.option("--out", "-o", type=FILE, default=Path("public"), show_default=True, help="Folder for what may be published.")
@click.option("--norms", "norm_set", default="cn-rural", show_default=True, help="Norm set that says which counts are small.")
@common
def publish(runs: tuple[Path, ...], out: Path, norm_set: str, lang: Lang, *, as_json: bool) -> None:
    """Write map, report and tables of stored runs for the public: no small counts of vulnerable groups, no counts by village."""
    from layout_planner.norms import read_norms
    from layout_planner.output.public import publish_run

    least = int(read_norms(norm_set).value("privacy.small_count"))
    written = [str(path) for folder in runs for path in publish_run(folder, out, lang, least)]
    print_json(written) if as_json else click.echo("\n".join(written))
