"""The verbs that list what there is: tasks, models."""

import typer

from gis.cli.app import app, print_table


@app.command()
def tasks() -> None:
    """List what can be scored, and what each needs."""
    from rich.table import Table

    from gis.benchmark.tasks.catalogue import catalogue, suites

    table = Table("task", "labels", "pairs", "from", "what", box=None, pad_edge=False)
    for each in catalogue().values():
        source = "ships with gis" if each.packaged else each.hub or "--data"
        table.add_row(each.name, each.label, f"{each.rows:,}" if each.rows else "", source, each.summary)
    print_table(table)
    for name, members in suites().items():
        typer.echo(f"suite {name}: {', '.join(members)}")
    typer.echo(
        "\nAlso: a folder or file of pairs (text1, text2, label or score; JSON lines, CSV, Parquet), and any Hub"
    )
    typer.echo("dataset: ORG/NAME,revision=…,config=…,split=…,text1=…,text2=…,label=…   Variant: TASK,text=plain")


@app.command()
def models() -> None:
    """List what can be scored with, and what each needs."""
    from rich.table import Table

    from gis.models.registry import ADAPTERS

    table = Table("model", "needs", "what", box=None, pad_edge=False)
    for name, adapter in ADAPTERS.items():
        table.add_row(name, adapter.needs, adapter.summary)
    print_table(table)
    typer.echo("\nAlso: a folder or Hub id (ORG/NAME) of a sentence-transformers, AnglE, LoRA or Hugging Face encoder:")
    typer.echo('  NAME,pooling=cls|mean|max|last|first-last-avg|cls_avg,prompt="… {text} …",max_length=N,revision=…')
