"""A language model behind the server: any OpenAI-compatible one finds the words of replies."""

from mockglm.language_model.model import LanguageModel

__all__ = ["LanguageModel"]
