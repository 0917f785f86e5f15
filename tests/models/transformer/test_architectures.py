"""Every architecture that transformers has for texts, as a small folder: gis gives the reference library's vectors."""

from pathlib import Path

import numpy as np
import pytest
import transformers

from gis.errors import GisError
from tests.models.helpers import assert_close, encoder
from tests.tiny_architectures import save_architecture, text_architectures

pytestmark = pytest.mark.slow

TESTED_WITH = "5.23.0"  # of transformers: others know other architectures
TEXTS = (
    "a cat sat on the mat",
    "crash",
    "the compiler panics when compiling a big file with no report of an error in the new version",
)
COVERED = """
    afmoe albert apertus arcee aria_text bart beam bert bert-generation big_bird bigbird_pegasus biogpt bitnet
    bloom camembert clip_text_model codegen cohere cohere2 cohere2_moe convbert cpmant ctrl cwm data2vec-text
    deberta deberta-v2 deepseek_v4 diffllama distilbert doge electra ernie ernie4_5 ernie4_5_moe eurobert
    exaone4 exaone_moe flaubert flex_olmo flint fnet fsmt gemma gemma2 gemma3_text glm glm4 glm4_moe gpt-sw3
    gpt2 gpt_bigcode gpt_neox gpt_neox_japanese gpt_oss gptj granite granite_swa granitemoe granitemoe_swa
    granitemoeshared gte helium hrm_text hy_v3 hyperclovax ibert inkling2_text inkling_text internlm3
    iquestcoder jais2 jetmoe jina_embeddings_v3 kolibri1 layoutlm led lfm2 lfm3 lilt llama llama4_text
    longformer longt5 luke mbart megatron-bert mellum mimo_v2_flash minimax minimax_m2 minimax_m3_vl_text
    ministral ministral3 mistral mixtral mobilebert modernbert modernbert-decoder molmo2_text moshi mpnet mpt
    mra mt5 mvp nanochat nemotron_h nomic_bert nystromformer olmo olmo2 olmo3 olmoe openai-gpt opt persimmon
    phi phi3 phimoe plbart qwen2 qwen2_moe qwen3 qwen3_5_moe_text qwen3_5_text qwen3_moe qwen3_next
    qwen4_exp_text reformer rembert roberta roberta-prelayernorm roc_bert roformer rwkv seed_oss smollm3
    solar_open squeezebert stablelm starcoder2 switch_transformers t5 t5gemma tapas tipsv2_text_model
    ultrabert umt5 vaultgemma xglm xlm xlm-roberta xlm-roberta-xl xlnet xmod yoso zamba
""".split()
REFUSED = """
    blenderbot blenderbot-small m2m_100 marian pegasus pegasus_x prophetnet
""".split()  # sentence-transformers opens the encoder alone with random weights
NOT_COVERED = {
    "sentence-transformers wants its processor of images or sound": """
    audioflamingo3 fuyu gemma3 git glmasr got_ocr2 granite_speech granite_speech_plus layoutlmv3 markuplm
    moss_transcribe_diarize musicflamingo qwen2_audio qwen3_5 qwen3_5_moe qwen4_exp t5gemma2 ultravbert
    voxtral voxtral_realtime whisper
    """,
    "stays above three million weights": """
    axk1 blt deepseek_v2 deepseek_v3 deepseek_v32 glm4_moe_lite glm_moe_dsa hy_v4 kimi_linear llama4
    longcat_flash perceiver phi4_multimodal qwen3_asr seamless_m4t seamless_m4t_v2 vibevoice_asr youtu
    """,
    "fails in transformers itself with these sizes": """
    axk2 canine minicpm3 mistral4 nllb-moe xlstm zamba2
    """,
    "takes a minute without a GPU": """
    bailing_hybrid
    """,
    "needs more settings to be made small": """
    bamba cohere_compass_text dbrx dots1 dots3_note dots3_note_text emu3 esm esmc falcon falcon_h1
    falcon_mamba funnel gemma3n_text gemma4 gemma4_text gemma4_unified gemma4_unified_text gpt_neo
    granitemoehybrid hunyuan_v1_dense hunyuan_v1_moe jamba laguna lfm2_moe mamba mamba2 mllama modernvbert
    musicgen musicgen_melody nemo_speechlm nemotron neomme olmo_hybrid recurrent_gemma zaya
    """,
    "needs a library that is not a dependency": """
    gemma3n layoutlmv2
    """,
}


@pytest.mark.parametrize("kind", COVERED)
def test_an_architecture_gives_the_vectors_of_sentence_transformers(tmp_path: Path, kind: str) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    save_architecture(kind, tmp_path)
    output = {"method": "forward", "method_output_name": "last_hidden_state"}
    body = Transformer(str(tmp_path), modality_config={"text": output}, module_output_name="token_embeddings")
    pooling = Pooling(body.get_embedding_dimension(), "mean")
    reference = SentenceTransformer(modules=[body, pooling], device="cpu")
    alone = [reference.encode([text], show_progress_bar=False) for text in TEXTS]
    assert_close(encoder(tmp_path).encode(TEXTS), np.concatenate(alone))


@pytest.mark.parametrize("kind", REFUSED)
def test_random_weights_are_refused(tmp_path: Path, kind: str) -> None:
    save_architecture(kind, tmp_path)
    with pytest.raises(GisError, match="with random ones"):
        encoder(tmp_path).encode(TEXTS)


@pytest.mark.skipif(transformers.__version__ != TESTED_WITH, reason=f"lists those of transformers {TESTED_WITH}")
def test_every_architecture_is_covered_or_has_a_reason() -> None:
    listed = [*COVERED, *REFUSED, *(kind for kinds in NOT_COVERED.values() for kind in kinds.split())]
    assert sorted(listed) == text_architectures()
