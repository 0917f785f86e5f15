"""Train MiniLM on a file of pairs with gis; print the seconds it took. Called by training_speed.py."""

import argparse
import json
import time
from pathlib import Path

from gis.benchmark.tasks.sources import SourceSettings
from gis.models.losses import objective_of
from gis.spec import Spec
from gis.training.data.loading import load_training_data
from gis.training.run import train
from gis.training.settings import TrainSettings

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--pairs", type=Path, required=True)
parser.add_argument("--output", type=Path, required=True)
parser.add_argument("--batch-size", type=int, required=True)
options = parser.parse_args()

data = load_training_data(Spec(str(options.pairs)), SourceSettings())
settings = TrainSettings(
    model=Spec("minilm"), objective=objective_of("cosent"), batch_size=options.batch_size, precision="fp32"
)
started = time.perf_counter()
train(settings, data, options.output / "model", device="cpu")
print(json.dumps({"seconds": time.perf_counter() - started}))
