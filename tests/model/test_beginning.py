"""Beginning of texts: as the tokenizer has it, always, or never, in every verb about layers."""

from typing import Any

import numpy as np
import pytest
from tokenizers import processors

import bathyscope as bs
from bathyscope.layers.many import depth_many
from bathyscope.model.beginning import beginning, beginning_as
from bathyscope.replay.rerun import rerun
from tests.conftest import byte_tokenizer, random_model, tiny

PROMPT, RESPONSE, BOS = "Q: 8 + 5?\nA:", " 8 + 5 = 13", 256
TEXT = "The cat sat on the mat, and then it went away."


@pytest.fixture(scope="module")
def with_bos() -> bs.LanguageModel:
    """The tiny llama with a tokenizer that begins every text."""
    tokenizer = byte_tokenizer()
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", BOS)]
    )
    return bs.LanguageModel(random_model("llama"), tokenizer)


def values(model: bs.LanguageModel, prompt: str = PROMPT, **asked: Any) -> np.ndarray[Any, Any]:
    return np.asarray(bs.depth(model, prompt, RESPONSE, **asked).heatmap.values)


def test_ids_and_places_are_those_of_the_text(with_bos: bs.LanguageModel) -> None:
    without = tiny("llama")
    plain = without.tokens.encode("é8")
    for model in (with_bos, without):
        own = model.tokens.encode("é8")
        always, never = (beginning_as(model, name) for name in ("always", "never"))
        assert beginning_as(model, "tokenizer") is model
        assert always.tokens.encode("é8") == (BOS, *plain)
        assert never.tokens.encode("é8") == plain
        assert always.tokens.spans("é8") == never.tokens.spans("é8") == model.tokens.spans("é8")
        assert always.tokens.encode("<bos>é8") == (BOS, *plain), "none before its own"
        assert never.tokens.encode("<bos>é8") == (BOS, *plain), "what is written stays"
        assert never.tokens.encode("") == () and always.tokens.encode("") == (BOS,)
        assert model.tokens.encode("é8") == own, "the model itself stays as it was"
        continued = always.tokens.continuation("é=", "8")
        assert (continued.prompt_ids, continued.target_ids) == (
            (BOS, *without.tokens.encode("é=")),
            plain[2:],
        )


def test_maps_are_those_of_the_text_with_or_without(with_bos: bs.LanguageModel) -> None:
    without = tiny("llama")
    spelled = values(without, f"<bos>{PROMPT}")
    assert np.abs(spelled - values(without)).max() > 1e-3
    for found in (values(with_bos), values(without, begin="always")):
        np.testing.assert_allclose(found, spelled, atol=1e-6)
    np.testing.assert_allclose(values(with_bos, begin="never"), values(without), atol=1e-6)


def test_every_verb_begins_alike_and_records_it(tmp_path: Any) -> None:
    model = tiny("llama")
    asked: dict[str, Any] = {"begin": "always", "max_new_tokens": 4}
    run = bs.depth(model, PROMPT, **asked)
    assert run.provenance["begin"] == "always" and run.provenance["begins_with"] == [BOS]
    assert any("<bos> before the text" in note for note in run.notes)
    assert bs.depth(model, PROMPT, RESPONSE).provenance["begins_with"] == []
    spelled = bs.depth(model, f"<bos>{PROMPT}", max_new_tokens=4)
    assert run.heatmap.columns.ids == spelled.heatmap.columns.ids
    depths = run.settling_depth.tolist()
    assert bs.settle(model, PROMPT, **asked).settling_depth.tolist() == depths
    with pytest.warns(UserWarning, match="<bos> before the text"):
        streamed = list(bs.stream(model, PROMPT, **asked))
    assert [token.settling_depth for token in streamed] == depths
    ((_, one),) = depth_many(model, [PROMPT], **asked)
    assert one.settling_depth.tolist() == depths and one.notes == run.notes
    thought = bs.think(model, PROMPT, n=2, prefix=3, answer="last-number", **asked)
    assert thought.provenance["begins_with"] == [BOS] and thought.notes == run.notes
    run.save(tmp_path / "run")
    again = rerun(tmp_path / "run", model).run
    np.testing.assert_allclose(again.heatmap.values, run.heatmap.values, atol=1e-6)
    assert again.provenance["begins_with"] == [BOS]


def test_a_lens_that_knows_other_texts_says_so(tmp_path: Any) -> None:
    model = tiny("llama")
    for begin, reading, said in (
        ("always", "tokenizer", "texts that begin with <bos>, and reads one that does not"),
        ("never", "always", "texts that do not begin with <bos>, and reads one that does"),
        ("always", "always", ""),
        ("tokenizer", "tokenizer", ""),
    ):
        file = tmp_path / f"{begin}-{reading}.safetensors"
        bs.fit_jacobian_lens(model, [TEXT], directions=2, passages=1, begin=begin).save(file)
        asked: dict[str, Any] = {"lens": "jacobian", "translators": file, "begin": reading}
        for run in (bs.depth(model, PROMPT, RESPONSE, **asked),
                    bs.settle(model, PROMPT, RESPONSE, **asked)):  # fmt: skip
            own = [note for note in run.notes if "lens was fitted" in note]
            assert len(own) == bool(said) and all(said in note for note in own)


def test_what_cannot_begin_is_refused() -> None:
    model = tiny("llama")
    with pytest.raises(bs.InputError, match=r"'often' is not known.*always.*--begin"):
        bs.depth(model, PROMPT, RESPONSE, begin="often")
    with pytest.raises(bs.InputError, match="'sometimes' is not known"):
        bs.think(model, PROMPT, begin="sometimes")
    tokenizer = byte_tokenizer()
    tokenizer.bos_token = None
    bare = bs.LanguageModel(random_model("llama"), tokenizer)
    assert beginning(bare, "never") == ()
    with pytest.raises(bs.InputError, match="knows no token that begins a text"):
        bs.depth(bare, PROMPT, RESPONSE, begin="always")
