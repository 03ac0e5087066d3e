"""Input × gradient on the embedded model, against values computed without bathyscope."""

import json
from pathlib import Path

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.attribution.gradients import gradient_attribution
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.tokens import Continuation

pytestmark = pytest.mark.real

ORACLE = Path(__file__).parent.parent / "oracles" / "input_x_gradient.json"


def test_five_next_tokens(smollm: LanguageModel) -> None:
    expected = json.loads(ORACLE.read_text())
    prompt = bs.Prompt.segmented(expected["prompt"], "tokens", smollm.tokens.spans)
    ids = smollm.tokens.encode(prompt.text)
    assert list(ids) == expected["ids"]
    several = [Continuation(ids, (id,), None) for id in expected["target_ids"]]
    found = gradient_attribution(smollm, prompt, several, "input_x_gradient")
    values = np.concatenate([estimate.token_values for estimate in found])
    np.testing.assert_allclose(values, expected["captum"], atol=2e-4)
    # In float64, norms included, all values are within 6e-6 of ours and 7e-5 of Captum's; the
    # column computed by hand in float32 is 2.6e-4 off in one value, and so 2e-4 is not to be had.
    np.testing.assert_allclose(values, expected["torch"], atol=3e-4)


def test_a_coarse_path_says_so(smollm: LanguageModel) -> None:
    prompt = bs.Prompt.marked("A: [[4900/100]] = 49. Q: [[$16,000 / 0.8]] =")
    continuation = smollm.tokens.continuation(prompt.text, " $")
    (found,) = gradient_attribution(
        smollm, prompt, [continuation], "integrated_gradients", steps=20
    )
    words = found.gap_in_words()
    assert words is not None and "too few steps" in words
