from collections.abc import Sequence

import numpy as np
import pytest

import bathyscope as bs
from tests.conftest import tiny

PROMPT = bs.Prompt.marked("a [[b]] c [[d]] e")


def listed(prompt: bs.Prompt, present: Sequence[bool]) -> str:
    """Rebuild the prompt with absent features left out together with a space."""
    text = prompt.masked(present)
    return text if all(present) else text.replace("  ", " ")


def test_a_function_rebuilds_the_prompt() -> None:
    assert PROMPT.masked([False, True], listed) == "a c d e"
    assert PROMPT.masked([True, True], listed) == PROMPT.text


def test_what_the_function_returns_is_checked() -> None:
    with pytest.raises(bs.InputError, match="although every feature is present"):
        PROMPT.masked([True, True], lambda prompt, present: "x")
    with pytest.raises(bs.InputError, match="returned NoneType, not a text"):
        PROMPT.masked([True, False], lambda prompt, present: None)  # type: ignore[arg-type, return-value]


def test_attribution_uses_it_and_names_it() -> None:
    model = tiny("llama")
    rebuilt = bs.attribute(model, PROMPT, "x", baseline=listed)
    blank = bs.attribute(model, PROMPT, "x")
    plain = bs.attribute(model, PROMPT, "x", baseline=lambda p, present: p.masked(present))
    assert rebuilt.heatmap.provenance["method"]["baseline"] == "function listed"
    np.testing.assert_allclose(rebuilt.all, blank.all, atol=2e-5)
    assert np.abs(rebuilt.none - blank.none).max() > 1e-3
    np.testing.assert_allclose(plain.heatmap.values, blank.heatmap.values, atol=1e-12)
