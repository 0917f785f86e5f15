from gis.models.base import ModelCard, distinguishing_settings


def card(identity: str, max_tokens: int | None = 256, **settings: str | int | bool | None) -> ModelCard:
    return ModelCard(name="m", identity=identity * 64, settings=settings, max_tokens=max_tokens)


def test_namesakes_are_told_apart_by_what_differs() -> None:
    cards = [
        card("a", precision="fp32", pooling="mean", prompt="{text}"),
        card("b", 8, precision="fp32", pooling="mean", prompt="{text}"),
        card("c", precision="bf16", pooling="cls", prompt="query: {text}"),
    ]
    assert distinguishing_settings(cards) == [
        "fp32, mean pooling, no prompt, max length 256",
        "fp32, mean pooling, no prompt, max length 8",
        'bf16, cls pooling, prompt "query: {text}", max length 256',
    ]


def test_only_what_differs_is_said() -> None:
    assert distinguishing_settings([card("a", 8, precision="fp32"), card("b", 512, precision="fp32")]) == [
        "max length 8",
        "max length 512",
    ]


def test_switches_and_absent_settings_are_words() -> None:
    assert distinguishing_settings([card("a", None, normalize=True), card("b", 8, normalize=False)]) == [
        "normalize, no max length",
        "no normalize, max length 8",
    ]


def test_models_that_differ_in_their_weights_only_show_their_identity() -> None:
    cards = [card("a", content_sha256="1"), card("b", content_sha256="2")]
    assert distinguishing_settings(cards) == ["aaaaaa", "bbbbbb"]


def test_a_renamed_card_keeps_its_identity() -> None:
    assert card("a").renamed("mine") == ModelCard(name="mine", identity="a" * 64, max_tokens=256)
