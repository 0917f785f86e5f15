"""The annotators that a name can stand for."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from gis.annotation.annotators import (
    REPLAY,
    SERVER,
    SIMILARITY,
    OwnAnnotator,
    ReplayAnnotator,
    ServerAnnotator,
    SimilarityAnnotator,
)
from gis.annotation.budget import Prices
from gis.annotation.generation import GENERATION_PROTOCOLS, AnyPrompt, GenerationPrompt
from gis.annotation.local import LOCAL, LocalAnnotator
from gis.annotation.prompt import Prompt
from gis.annotation.protocols import PROTOCOLS, Protocol
from gis.benchmark.runner import find_model
from gis.errors import UsageError
from gis.models.base import LoadSettings
from gis.models.openai_server import DEFAULT_KEY_VARIABLE, DEFAULT_URL, OpenAIServer
from gis.models.registry import adapter_of
from gis.spec import Spec, parse_spec

SERVER_OPTIONS = ("model", "base_url", "key_env", "name")


def load_annotator(
    given: Spec, prompt: Prompt, *, base_url: str | None, prices: Mapping[str, Prices], load: LoadSettings
) -> ServerAnnotator | LocalAnnotator | OwnAnnotator:
    """Return the annotator that a name stands for.

    Args:
        given: ``openai,model=NAME,base_url=URL``, ``transformers,model=FOLDER``, ``replay,path=FILE``,
            ``similarity,model=MODEL``; any other name is that of a model of the server at ``base_url``, and where there
            is none, of a model of gis.
        prompt: What it is asked.
        base_url: The server's address.
        prices: What models of servers cost, by the names of annotators or of models.
        load: How models of gis are loaded.

    Raises:
        UsageError: Nothing has this name, or an option is wrong.
    """
    options, name = given.options, given.options.get("name", str(given))
    if given.name == REPLAY:
        given.check_options(("path", "model", "name"))
        if "path" not in options:
            raise UsageError(f"{REPLAY} needs a file of answers", remedy=f"write {REPLAY},path=FILE")
        return ReplayAnnotator(Path(options["path"]), prompt, model=options.get("model"), name=name)
    if given.name == SIMILARITY:
        given.check_options(("model", "name"))
        if "model" not in options:
            raise UsageError(f"{SIMILARITY} needs a model", remedy=f"write {SIMILARITY},model=minilm")
        return SimilarityAnnotator(find_model(parse_spec(options["model"]), load), name)
    if given.name == LOCAL:
        given.check_options(("model", "name"))
        if "model" not in options:
            raise UsageError(f"{LOCAL} needs a model", remedy=f"write {LOCAL},model=FOLDER or a Hub id")
        return LocalAnnotator(options["model"], prompt, load, name=name)
    if given.name != SERVER and base_url is None:
        adapter_of(given)  # which names what it could have been
        return SimilarityAnnotator(find_model(given, load), name)
    return _on_server(given, prompt, PROTOCOLS, base_url, prices)


def load_writer(
    given: Spec, prompt: GenerationPrompt, *, base_url: str | None, prices: Mapping[str, Prices]
) -> ServerAnnotator:
    """Return the model of a server that writes texts.

    Args:
        given: ``openai,model=NAME,base_url=URL``, or the name of a model of the server at ``base_url``.
        prompt: What it is asked.
        base_url: The server's address.
        prices: What models cost, by the names of annotators or of models.

    Raises:
        UsageError: It is not a model of a server, or an option is wrong.
    """
    if given.name in (REPLAY, SIMILARITY, LOCAL) or (given.name != SERVER and base_url is None):
        raise UsageError(f"{given} cannot write texts", remedy="name a model of a server: --base-url URL")
    return _on_server(given, prompt, GENERATION_PROTOCOLS, base_url, prices)


def _on_server(
    given: Spec,
    prompt: AnyPrompt,
    ladder: Sequence[Protocol],
    base_url: str | None,
    prices: Mapping[str, Prices],
) -> ServerAnnotator:
    options = given.options
    given.check_options(SERVER_OPTIONS)
    model = options.get("model", "") if given.name == SERVER else given.name
    if not model:
        raise UsageError(f"{SERVER} needs a model", remedy=f"write {SERVER},model=NAME")
    server = OpenAIServer(
        options.get("base_url") or base_url or DEFAULT_URL, options.get("key_env", DEFAULT_KEY_VARIABLE)
    )
    name = options.get("name", model)
    return ServerAnnotator(
        server,
        model,
        prompt,
        prices.get(name, prices.get(model, Prices())),
        name=name,
        ladder=ladder,
    )
