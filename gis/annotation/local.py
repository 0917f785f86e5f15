"""An annotator in this process: a causal language model of transformers, of which the levels are the next token."""

from gis.annotation.annotators import AskedAnnotator
from gis.annotation.answers import Answer
from gis.annotation.prompt import LEVELS, Prompt, Texts
from gis.annotation.protocols import LEAST_MASS, NEXT_TOKEN, Grade, Usage, expectation
from gis.models.base import LoadSettings

LOCAL = "transformers"


class LocalAnnotator(AskedAnnotator):
    """A causal language model; its answer is the probability of each level, so that nothing has to be parsed.

    Attributes:
        answered_otherwise: Questions to which the model would most probably not have answered with a level.
    """

    def __init__(self, model: str, prompt: Prompt, load: LoadSettings, *, name: str) -> None:
        """Find the model.

        Raises:
            UsageError: Nothing can have this name.
            GisError: It is not a whole model, or needs code of its own.
        """
        from gis.models.transformer.causal import CausalModel

        self._causal = CausalModel(model, load)
        self.answered_otherwise = 0
        super().__init__(LOCAL, model, self._causal.identity, prompt, name=name)
        self.protocol = NEXT_TOKEN
        self.settings = {"kind": LOCAL, "model": model, "identity": self._causal.identity, "protocol": NEXT_TOKEN.name}

    def ask(self, texts: Texts) -> Answer:
        """Ask about a pair.

        Raises:
            TooLongError: The pair has more tokens than the model reads.
            GisError: The model cannot be loaded, or has no tokens for the levels.
        """
        system, user = (part["content"] for part in NEXT_TOKEN.body("", self._prompt, texts)["messages"])
        choice = self._causal.choose(system, user, [str(level) for level in range(LEVELS)])
        self.answered_otherwise += choice.mass < LEAST_MASS
        probabilities = choice.probabilities
        raw = f"the levels have {choice.mass:.3g} of the probability of the next token"
        grade = Grade(expectation(probabilities), probabilities, raw)
        return self._answer(texts, NEXT_TOKEN, grade, Usage(choice.tokens, 0, counted=True))
