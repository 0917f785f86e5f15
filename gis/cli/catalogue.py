"""The verbs that list the known tasks and models: tasks, models."""

from gis.cli.app import app, print_table

OTHER_TASKS = """
Also a folder or file of pairs (text1, text2, label or score; JSON lines, CSV, Parquet), and any Hub dataset:
  ORG/NAME,revision=…,config=…,split=…,text1=…,text2=…,label=…
Variant without markup: TASK,text=plain
Retrieval: a folder of gis build, a folder or Hub dataset in mteb's layout (corpus, queries, qrels):
  FOLDER,retrieval=all (any other document may be found) or retrieval=earlier (only older ones),split=…"""
OTHER_MODELS = """
Also a folder or Hub id (ORG/NAME) of a sentence-transformers, AnglE, LoRA, model2vec or Hugging Face encoder, or a
cross-encoder, a learned sparse or a late-interaction model of sentence-transformers:
  NAME,pooling=POOLING,prompt="… {text} …",prompt_name=PROMPT,max_length=N,long=POLICY,revision=…
  POLICY: head, head+tail, chunk-mean, chunk-max or late-chunk
  POOLING: cls, mean, max, last, cls_avg, first-last-avg or last2avg
  PROMPT: prompteol, angle-a, angle-b, angle-c, or one that the folder names
Any model: NAME,name=…, the name to show in the leaderboard

Published means of the seven STS tasks (suite sts), to be reproduced by:"""


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
    """List the models that can be scored, and published scores."""
    from gis.benchmark.tasks.catalogue import suites
    from gis.leaderboard.published import shipped
    from gis.models.registry import ADAPTERS
    from gis.terminal_table import Column, TerminalTable

    table = TerminalTable(
        [
            Column(title="model", align="left"),
            Column(title="needs", align="left", prose=True),
            Column(title="what", align="left", prose=True),
            Column(title="source", align="left", prose=True, priority=1),
        ],
        hint="gis models | less -S",
    )
    for name, adapter in ADAPTERS.items():
        table.add_row(name, adapter.needs, adapter.summary, adapter.source)
    print_table(table, OTHER_MODELS)
    published = TerminalTable(
        [
            Column(title="--model", align="left"),
            Column(title="sts mean"),
            Column(title="published for", align="left", prose=True),
        ]
    )
    tasks = suites()["sts"]
    for model in shipped():
        if model.typed and set(model.scores) == set(tasks):
            mean = sum(model.scores.values()) / len(tasks)
            published.add_row(model.typed, f"{mean:.2f}", f"{model.name} ({model.reported_in})")
    print_table(published)
