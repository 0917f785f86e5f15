import numpy as np
from gis.models.registry import load_model
from gis.models.base import LoadSettings
from gis.spec import Spec
def test_all(tiny_bert, tiny_sentence_transformer, tiny_decoder, tiny_lora, shared_data):
    import os
    for f in (tiny_bert, tiny_sentence_transformer, tiny_decoder, tiny_lora):
        print(f, sorted(os.listdir(f)))
        m = load_model(Spec(str(f)), LoadSettings(device="cpu"))
        v = m.encode(["a cat sat", "the dog crashes", ""])
        print(m.card, v[:, :4], getattr(m._engine,'_flat',None))
    assert 0
