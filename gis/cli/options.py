"""Options that several verbs share, each with one wording."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from gis.errors import UsageError

ResultsFolder = Annotated[Path, typer.Argument(metavar="RESULTS", file_okay=False, help="Folder that gis bench wrote.")]
ShownTasks = Annotated[
    list[str] | None,
    typer.Option("--task", "-t", metavar="NAME,…", help="Show only these tasks and suites, in this order."),
]
TrainModel = Annotated[
    str, typer.Option("--model", "-m", metavar="MODEL", help="Encoder to start from: NAME,pooling=…,prompt=…,…")
]
TrainTask = Annotated[
    str,
    typer.Option(
        "--task", "-t", metavar="TASK", help="Training data: a task, folder, file or Hub dataset with a train split."
    ),
]
Data = Annotated[Path | None, typer.Option(metavar="DIR", help="Look for DIR/<task>/<split>.* before the Hub.")]
Epochs = Annotated[float, typer.Option(metavar="X", help="Passes over the data; above 0, may be a fraction.")]
LearningRate = Annotated[
    float, typer.Option("--learning-rate", "--lr", metavar="X", min=0, help="Peak learning rate of AdamW.")
]
Layers = Annotated[int | None, typer.Option(metavar="N", min=1, help="Keep only the first N layers.")]
RandomInit = Annotated[bool, typer.Option("--random-init", help="Start from random weights.")]
MaxLength = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Cut texts at N tokens.", show_default="the model's limit")
]
TrainLimit = Annotated[int | None, typer.Option(metavar="N", min=2, help="Train on a sample of N rows.")]
Device = Annotated[str, typer.Option(metavar="DEVICE", help="auto, cpu, cuda, cuda:1 or mps.")]
TrainPrecision = Annotated[
    Literal["auto", "fp32", "bf16"], typer.Option(help="Number format; auto takes bf16 where the GPU has it.")
]
ApiUrl = Annotated[str, typer.Option(metavar="URL", help="Address of the API; GitHub Enterprise: https://HOST/api/v3.")]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Allow --api-url http://…, which sends the token unencrypted.")
]
MaxWait = Annotated[
    float | None, typer.Option(metavar="SECONDS", min=0, help="Stop instead of waiting longer than this.")
]
Engine = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What reads --archive: duckdb (without the option) or clickhouse; for Spark local[2], "
        "spark://HOST:PORT or sc://HOST:PORT.",
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Never ask the Hub.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only warnings and the result.")]


def moment_of(text: str, option: str) -> datetime:
    """Return the time that was typed as a date, in UTC where it names no time zone.

    Raises:
        UsageError: It is not one.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"'{text}' is not a time", remedy=f"write {option} 2026-01-31") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
