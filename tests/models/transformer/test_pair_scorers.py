from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from gis.errors import GisError, UsageError
from gis.models.base import SIMILARITY_DECLARED, PairScorer
from gis.models.registry import load_model
from gis.models.transformer.late_interaction import mean_maxsim
from gis.spec import Spec
from tests.models.helpers import LONG, edit_json, settings
from tests.tiny_models import save_multi_vector, save_sparse

PAIRS = [("a cat sat on the mat", "the cat is on a mat"), ("crash", "the compiler panics"), ("", LONG), ("dog", "dog")]


def scorer(folder: Path, **options: str) -> PairScorer:
    model = load_model(Spec(str(folder), options), settings())
    assert isinstance(model, PairScorer)
    return model


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_sparse(tmp_path_factory.mktemp("sparse") / "model")


@pytest.fixture(scope="module")
def multi(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    return save_multi_vector(tmp_path_factory.mktemp("multi") / "model", tiny_bert)


class TestLearnedSparse:
    def test_scores_are_cosines_of_splade_vectors_by_hand(self, sparse: Path) -> None:
        import transformers

        model = transformers.AutoModelForMaskedLM.from_pretrained(sparse)
        tokenizer = transformers.AutoTokenizer.from_pretrained(sparse)

        @torch.inference_mode()
        def vector(text: str) -> torch.Tensor:
            logits = model(**tokenizer(text, truncation=True, return_tensors="pt")).logits[0]
            return torch.log1p(torch.relu(logits)).amax(0).double()

        expected = [float(torch.cosine_similarity(vector(a), vector(b), dim=0)) for a, b in PAIRS]
        np.testing.assert_allclose(scorer(sparse).score(PAIRS), expected, atol=1e-6)

    def test_a_declared_similarity_other_than_the_cosine_is_noted(self, tmp_path: Path) -> None:
        folder = save_sparse(tmp_path / "model")
        assert SIMILARITY_DECLARED not in scorer(folder).card.settings
        edit_json(folder / "config_sentence_transformers.json", similarity_fn_name="dot")
        assert scorer(folder).card.settings[SIMILARITY_DECLARED] == "dot"

    def test_weights_that_give_nan_give_no_score(self, tmp_path: Path) -> None:
        folder = save_sparse(tmp_path / "model")
        weights = load_file(folder / "model.safetensors")
        weights["bert.embeddings.LayerNorm.bias"][:] = torch.nan
        save_file(weights, folder / "model.safetensors", {"format": "pt"})
        assert np.isnan(scorer(folder).score(PAIRS)).all()

    def test_texts_are_cut_at_max_length(self, sparse: Path) -> None:
        model = scorer(sparse, max_length="4")
        assert model.card.max_tokens == 4
        (score,) = model.score([("a cat sat on the mat", "a cat crashes")])
        assert score == 1


class TestLateInteraction:
    def test_scores_are_those_of_the_librarys_vectors(self, multi: Path) -> None:
        from sentence_transformers import MultiVectorEncoder

        library = MultiVectorEncoder(str(multi), device="cpu")
        first, second = (library.encode_document([pair[side] for pair in PAIRS]) for side in (0, 1))
        forth = library.similarity_pairwise(first, second, length_normalize=True)
        back = library.similarity_pairwise(second, first, length_normalize=True)
        np.testing.assert_allclose(scorer(multi).score(PAIRS), ((forth + back) / 2).tolist(), atol=1e-5)

    def test_its_own_similarity_is_no_surprise(self, tmp_path: Path, tiny_bert: Path) -> None:
        folder = save_multi_vector(tmp_path / "model", tiny_bert)
        edit_json(folder / "config_sentence_transformers.json", similarity_fn_name="maxsim")
        assert SIMILARITY_DECLARED not in scorer(folder).card.settings
        assert "largest cosine" in str(scorer(folder).card.settings["score"])

    def test_the_length_of_documents_is_the_limit(self, tmp_path: Path, tiny_bert: Path) -> None:
        folder = save_multi_vector(tmp_path / "model", tiny_bert)
        edit_json(folder / "sentence_bert_config.json", document_length=5)
        pairs = [("a cat sat on the mat", "a cat sat crashes")]
        assert scorer(folder).card.max_tokens == 5
        assert scorer(folder).score(pairs) == [1]
        assert scorer(folder, max_length="12").score(pairs) < 1


def test_lengths_are_those_of_the_tokenizer_and_the_limit(sparse: Path, multi: Path) -> None:
    for folder in (sparse, multi):
        lengths = scorer(folder, max_length="6").lengths(["a cat sat", LONG, ""])
        assert lengths is not None
        assert lengths.tokens.tolist() == [3, lengths.tokens[1], 0]
        assert lengths.tokens[1] > 40
        assert lengths.kept.tolist() == [3, 4, 0]


def test_half_a_character_is_read_as_by_encoders(sparse: Path, multi: Path) -> None:
    for folder in (sparse, multi):
        half, whole = scorer(folder).score([("a cat \ud800", "cat"), ("a cat \ufffd", "cat")])
        assert half == whole


@pytest.mark.parametrize("option", ["prompt", "prompt_name"])
def test_a_prompt_is_refused(sparse: Path, multi: Path, option: str) -> None:
    for folder in (sparse, multi):
        with pytest.raises(UsageError, match="compares pairs; prompts are for models that embed texts"):
            scorer(folder, **{option: "query"})


def test_a_pooling_is_refused(sparse: Path) -> None:
    with pytest.raises(UsageError, match="compares pairs and has no vector for a text: pooling= cannot replace them"):
        scorer(sparse, pooling="mean")


def test_a_broken_folder_is_named(tmp_path: Path) -> None:
    folder = save_sparse(tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(GisError, match="sentence-transformers cannot load"):
        scorer(folder).score(PAIRS)


def test_tokens_find_their_best_match_in_both_directions() -> None:
    first = np.array([[2.0, 0.0], [0.0, 3.0], [1.0, 0.0]], dtype=np.float32)
    second = np.array([[1.0, 1.0], [-1.0, 0.0]], dtype=np.float32)
    forth, back = 3 * 0.5**0.5 / 3, (0.5**0.5 + 0) / 2
    assert mean_maxsim(first, second) == pytest.approx((forth + back) / 2, abs=1e-7)
    assert mean_maxsim(first, first) == 1
    assert mean_maxsim(first[:1], -first[:1]) == -1
    assert mean_maxsim(first, first[:0]) == 0
