"""What models read of texts that are longer than their limit."""

from pathlib import Path

import numpy as np
import pytest

from gis.errors import UsageError
from gis.models.base import Encoder, Model, PairScorer
from gis.models.registry import load_model
from gis.models.transformer.long_text import WindowCutter
from gis.models.transformer.pretrained import model_folder_of
from gis.models.transformer.pretrained_encoder import PretrainedEncoder
from gis.spec import Spec
from tests.errors import error_line
from tests.models.helpers import LONG, TEXTS, assert_close, encoder, settings
from tests.tiny_models import save_bert

WORDS = "the cat sat on a red mat and the dog ran to the big tree".split()
TEXT = " ".join(WORDS * 4)  # 60 tokens
LIMIT = 18  # 16 tokens of a text


def _open(folder: Path, policy: str, **options: object) -> Model:
    given = {"max_length": LIMIT, "long": policy, **options}
    return load_model(Spec(str(folder), {key: str(value) for key, value in given.items()}), settings())


def _encoder(folder: Path, policy: str, **options: object) -> Encoder:
    model = _open(folder, policy, **options)
    assert isinstance(model, Encoder)
    return model


def _scorer(folder: Path, policy: str, **options: object) -> PairScorer:
    model = _open(folder, policy, **options)
    assert isinstance(model, PairScorer)
    return model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bert(tmp_path_factory.mktemp("long") / "model")


@pytest.mark.parametrize("policy", ["head+tail", "chunk-mean"])
def test_a_text_that_fits_has_the_models_own_vector(folder: Path, policy: str) -> None:
    short = [text for text in TEXTS if text != LONG]
    own = encoder(folder, max_length=LIMIT).encode(short)
    assert_close(_encoder(folder, policy).encode([TEXT, *short])[1:], own)


def test_windows_are_averaged_by_the_tokens_that_they_stand_for(folder: Path) -> None:
    words = TEXT.split()
    pieces = [" ".join(words[start:stop]) for start, stop in ((0, 16), (12, 28), (24, 40), (36, 52), (48, 60))]
    weights = [14, 12, 12, 12, 10]
    expected = np.average(encoder(folder, max_length=LIMIT).encode(pieces), axis=0, weights=weights)
    assert_close(_encoder(folder, "chunk-mean").encode([TEXT])[0], expected)


def test_head_and_tail_are_read_as_one_text(folder: Path) -> None:
    words = TEXT.split()
    ends = " ".join([*words[:8], *words[-8:]])
    assert_close(_encoder(folder, "head+tail").encode([TEXT]), encoder(folder, max_length=LIMIT).encode([ends]))


def test_a_result_says_what_was_read(folder: Path) -> None:
    for policy, kept in (("head", 16), ("head+tail", 16), ("chunk-mean", 60)):
        (batch,) = _encoder(folder, policy).batches([TEXT])
        assert (batch.tokens.tolist(), batch.kept.tolist()) == ([60], [kept])
    lengths = _scorer(folder, "chunk-max").lengths([TEXT, "the cat"])
    assert lengths is not None
    assert (lengths.tokens.tolist(), lengths.kept.tolist()) == ([60, 2], [60, 2])


def test_a_prompt_is_counted_as_a_model_that_reads_the_head_counts_it(folder: Path) -> None:
    counted = []
    for policy in ("head", "head+tail", "chunk-mean"):
        (batch,) = _encoder(folder, policy, prompt="the dog {text}").batches([TEXT])
        counted.append(int(batch.tokens[0]))
    for policy in ("chunk-max", "late-chunk"):
        lengths = _scorer(folder, policy, prompt="the dog {text}").lengths([TEXT])
        assert lengths is not None
        counted.append(int(lengths.tokens[0]))
    assert counted == [62] * 5


def test_every_text_comes_once_and_an_empty_one_has_a_vector(folder: Path) -> None:
    model = _encoder(folder, "chunk-mean")
    vectors = model.encode([*TEXTS, TEXT, ""])
    assert vectors.shape[0] == len(TEXTS) + 2
    assert_close(vectors[[-1]], encoder(folder).encode([""]))


def test_a_prompt_stands_before_every_window(folder: Path) -> None:
    words = TEXT.split()
    pieces = [
        " ".join(words[start:stop]) for start, stop in ((0, 14), (11, 25), (22, 36), (33, 47), (44, 58), (55, 60))
    ]
    own = encoder(folder, max_length=LIMIT, prompt="the dog {text}").encode(pieces)
    prompted = _encoder(folder, "chunk-mean", prompt="the dog {text}").encode([TEXT])[0]
    assert_close(prompted, np.average(own, axis=0, weights=[12.5, 11, 11, 11, 11, 3.5]))


def test_the_best_windows_of_a_pair_count(folder: Path) -> None:
    model = _scorer(folder, "chunk-max")
    tail = " ".join(TEXT.split()[48:])
    same, other = model.score([(TEXT, tail), (TEXT, "a big red tree")])
    assert same == pytest.approx(1, abs=1e-6)
    assert other < same
    own = encoder(folder, max_length=LIMIT).encode(["the cat", "a dog"])
    cosine = float(own[0] @ own[1] / np.linalg.norm(own[0]) / np.linalg.norm(own[1]))
    assert model.score([("the cat", "a dog")])[0] == pytest.approx(cosine, abs=1e-5)
    assert model.score([]).shape == (0,)


def test_late_chunks_are_means_of_the_tokens_of_one_pass(folder: Path) -> None:
    model = _scorer(folder, "late-chunk")
    text = " ".join(TEXT.split()[:30])
    whole = encoder(folder)
    assert isinstance(whole, PretrainedEncoder)
    (tokens,) = whole.token_engine.token_vectors([text])
    chunks = [tokens[0:16].mean(0), tokens[12:28].mean(0), tokens[24:30].mean(0)]  # windows as of the other policies
    (other,) = whole.token_engine.token_vectors(["a dog"])
    against = other.mean(0)
    expected = max(float(c @ against / np.linalg.norm(c) / np.linalg.norm(against)) for c in chunks)
    assert model.score([(text, "a dog")])[0] == pytest.approx(expected, abs=1e-5)
    lengths = model.lengths([TEXT * 2])
    assert lengths is not None
    assert lengths.kept.tolist() == [62]  # all positions but those of special tokens


@pytest.mark.parametrize("size", [2, 3, 4])
def test_no_window_is_empty_where_a_character_is_many_tokens(tiny_decoder: Path, size: int) -> None:
    text = "日本語"  # of three tokens each, without special ones
    cutter = WindowCutter(model_folder_of(Spec(str(tiny_decoder), {"max_length": str(size)}), settings()))
    (places,) = cutter.places([text])
    assert len(places.starts) == 9
    windows = cutter.windows(text, places)
    assert "" not in windows
    assert "".join(dict.fromkeys("".join(windows))) == text
    assert cutter.windows("", cutter.places([""])[0]) == {"": 1.0}


def test_policies_have_identities_of_their_own(folder: Path) -> None:
    policies = ("head", "head+tail", "chunk-mean", "chunk-max", "late-chunk")
    cards = [_open(folder, policy).card for policy in policies]
    assert len({card.identity for card in cards}) == len(policies)
    assert cards[0].identity == encoder(folder, max_length=LIMIT).card.identity
    assert [card.settings.get("long", "head") for card in cards] == list(policies)


@pytest.mark.parametrize("policy", ["head+tail", "chunk-mean", "chunk-max", "late-chunk"])
def test_half_precision_is_compared_with_the_same_policy_in_full(folder: Path, policy: str) -> None:
    spec = Spec(str(folder), {"max_length": str(LIMIT), "long": policy})
    twin = load_model(spec, settings(precision="bf16")).in_full_precision()
    assert twin is not None
    assert twin.card.identity == _open(folder, policy).card.identity


def test_the_policy_of_a_run_is_that_of_each_model(folder: Path) -> None:
    spec = Spec(str(folder), {"max_length": str(LIMIT)})
    assert load_model(spec, settings(long="chunk-mean")).card.identity == _open(folder, "chunk-mean").card.identity


def test_what_cannot_be_read_so_is_refused(folder: Path) -> None:
    with error_line("unknown policy for long texts 'chunks'"):
        _open(folder, "chunks")
    with error_line("reads more than a window at once, and .*/model has 64 positions.*make windows shorter"):
        _open(folder, "late-chunk", max_length=64)
    with error_line("late-chunk averages the vectors of tokens"):
        _open(folder, "late-chunk", pooling="cls")
    with error_line("leave no room for a text"):
        _encoder(folder, "chunk-mean", max_length=3).encode([TEXT])
    with pytest.raises(UsageError, match="trained on the heads"):
        model_folder_of(Spec(str(folder), {"long": "chunk-mean"}), settings())
