"""A prompt and its features: spans of its text that are present or absent."""

from bathyscope.prompt.prompt import Baseline as Baseline
from bathyscope.prompt.prompt import Prompt as Prompt
from bathyscope.prompt.prompt import as_prompt as as_prompt
from bathyscope.prompt.prompt import notes_of as notes_of
from bathyscope.prompt.prompt import text_of as text_of

__all__ = ["Baseline", "Prompt", "as_prompt", "notes_of", "text_of"]
