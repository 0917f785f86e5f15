"""The verbs that list the known tasks and models: tasks, models."""

from gis.cli.app import app, print_table

OTHER_TASKS = """
Also a folder or file of pairs (text1, text2, label or score; JSON lines, CSV, Parquet), and any Hub dataset:
  ORG/NAME,revision=…,config=…,split=…,text1=…,text2=…,label=…
Variant without markup: TASK,text=plain"""
OTHER_MODELS = """
Also a folder or Hub id (ORG/NAME) of a sentence-transformers, AnglE, LoRA or Hugging Face encoder:
  NAME,pooling=POOLING,prompt="… {text} …",max_length=N,revision=…
  POOLING: cls, mean, max, last, cls_avg, first-last-avg or last2avg
Any model: NAME,name=…, the name to show in the leaderboard"""


@app.command()
def tasks() -> None:
    """List the tasks that can be scored."""
    from gis.benchmark.tasks.catalogue import catalogue, packaged_ids, suites
    from gis.terminal_table import Column, TerminalTable

    table = TerminalTable(
        [
            Column(title="task", align="left"),
            Column(title="labels", align="left"),
            Column(title="pairs"),
            Column(title="from", align="left", priority=1),
            Column(title="what", align="left", prose=True),
        ],
        hint="gis tasks | less -S",
    )
    for task in catalogue().values():
        source = (
            "ships with gis" if task.packaged else task.hub or ("gis hydrate" if packaged_ids(task.name) else "--data")
        )
        table.add_row(task.name, task.label or "", f"{task.rows:,}" if task.rows else "", source, task.summary)
    suite_notes = (f"suite {name}: {', '.join(members)}" for name, members in suites().items())
    print_table(table, "", *suite_notes, OTHER_TASKS)


@app.command()
def models() -> None:
    """List the models that can be scored."""
    from gis.models.registry import ADAPTERS
    from gis.terminal_table import Column, TerminalTable

    table = TerminalTable(
        [
            Column(title="model", align="left"),
            Column(title="needs", align="left", prose=True),
            Column(title="what", align="left", prose=True),
        ]
    )
    for name, adapter in ADAPTERS.items():
        table.add_row(name, adapter.needs, adapter.summary)
    print_table(table, OTHER_MODELS)
