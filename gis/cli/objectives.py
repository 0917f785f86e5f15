"""The verb that lists the losses: objectives."""

from gis.cli.app import app, print_table

HOW_TO_CHANGE = """
Change any weight or temperature after the name, separated by commas:
  NAME,cosine=1,in_batch=0.5,angle=1,angle_form=phase,in_batch_temperature=0.05"""


@app.command()
def objectives() -> None:
    """List the losses that a model can be trained with."""
    from gis.models.losses.presets import PRESETS
    from gis.models.losses.settings import TEMPERATURES, WEIGHTS
    from gis.terminal_table import Column, TerminalTable

    titles = (name.replace("_", " ").replace("temperature", "temp.") for name in TEMPERATURES)
    temperatures = zip(titles, (2, 3, 1), strict=True)
    table = TerminalTable(
        [
            Column(title="objective", align="left"),
            *(Column(title=weight.replace("_", " "), priority=n) for n, weight in enumerate(WEIGHTS)),
            *(Column(title=title, priority=n) for title, n in temperatures),
            Column(title="source", align="left", prose=True),
        ],
        hint="gis objectives | less -S",
    )
    for name, preset in PRESETS.items():
        numbers = (f"{getattr(preset.settings, setting):g}" for setting in (*WEIGHTS, *TEMPERATURES))
        table.add_row(name, *numbers, preset.source)
    print_table(table, HOW_TO_CHANGE)
