from dataclasses import replace

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import bathyscope as bs
from bathyscope.core.heatmap import Axis, Heatmap
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.tokenizer import TransformersTokens
from bathyscope.page.texts import Texts, prompt_text, token_text
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.depth import DepthRun
from tests.families import SMALL
from tests.model.tokenizers import llama_like
from tests.page.hand_made import FEATURES, PROMPT, attribution, depth


def texts_of(*runs: AttributionRun | DepthRun) -> Texts:
    texts = Texts()
    for number, run in enumerate(runs):
        texts.add(run, f"run {number}")
    return texts


def test_maps_of_one_answer_share_its_text_and_its_links() -> None:
    drove, deep = attribution(), depth()
    for order in ((drove, deep), (deep, drove)):
        texts = texts_of(*order)
        (text,) = texts.found.values()
        rows = texts.axis(drove, drove.heatmap.rows)
        columns = texts.axis(deep, deep.heatmap.columns)
        assert rows["link"] == columns["link"] == text["answer"]
        assert rows["over"] == "answer"
        parts = texts.axis(drove, drove.heatmap.columns)
        assert (parts["link"], parts["over"]) == (text["features"], "prompt")
        assert texts.axis(deep, deep.heatmap.rows)["link"] not in (rows["link"], parts["link"])
        pieces = [piece["text"] for piece in text["prompt"] if piece["feature"] is not None]
        assert pieces == [PROMPT[slice(*span)] for span in FEATURES]
        assert "".join(piece["text"] for piece in text["prompt"]) == PROMPT


def test_another_prompt_is_another_text_with_the_same_answer() -> None:
    texts = texts_of(attribution(), attribution(prompt=PROMPT.replace("Add", "Sum")))
    first, second = texts.found.values()
    assert first["answer"] == second["answer"]
    assert first["features"] != second["features"]
    assert (first["names"], second["names"]) == (["run 0"], ["run 1"])


def test_a_contrast_is_linked_to_no_token() -> None:
    run = attribution()
    heatmap = run.heatmap
    rows = Axis("target token", tuple(f"row {i}" for i in range(len(heatmap.rows))))
    contrast = AttributionRun(
        Heatmap(heatmap.values, rows, heatmap.columns, heatmap.quantity, heatmap.provenance),
        run.all,
        run.none,
    )
    texts = texts_of(contrast)
    (text,) = texts.found.values()
    assert texts.axis(contrast, rows)["over"] == ""
    assert text["tokens"] == ["".join(depth().heatmap.provenance["target"])]


def test_what_cannot_be_seen_is_shown() -> None:
    assert prompt_text("a b\nc\t\x07\u200d") == "a b\nc⇥\\x07\\u200d"
    assert token_text("\n\n") == "⏎\n⏎\n"


def test_pieces_of_one_character_show_their_labels() -> None:
    run = depth(tokens=("é", "a"))
    columns = Axis("response token", ("é 1/2", "é 2/2", "a"), (1, 2, 3), ((0, 1), (0, 1), (1, 2)))
    deep = DepthRun(
        Heatmap(
            np.full((5, 3), 0.5), run.heatmap.rows, columns, run.heatmap.quantity,
            {**run.heatmap.provenance, "target": "éa"},
        ),
        np.ones(3, dtype=np.int64),
        0.0,
    )  # fmt: skip
    (text,) = texts_of(deep).found.values()
    assert text["tokens"] == ["é 1/2", "é 2/2", "a"]


def test_the_page_of_a_tokenizer_that_drops_the_first_space() -> None:
    tokens = TransformersTokens(llama_like())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = LlamaConfig(**(SMALL | {"vocab_size": len(tokens.tokenizer)}))
        model = LanguageModel(LlamaForCausalLM(config).eval(), tokens.tokenizer)
    run = bs.attribute(model, bs.Prompt.marked("[[a]] [[b]]"), " I, a, b. 3, 4")
    ids = run.heatmap.rows.ids
    assert ids is not None and not tokens.decode(ids).startswith(" "), "decoding drops nothing"
    texts = texts_of(run)
    (text,) = texts.found.values()
    assert text["tokens"] == [" I", ",", " a", ",", " b", ".", " 3", ",", " ", "4"]
    words = texts.axis(run, run.heatmap.rows)["units"]["word"]
    assert words["labels"] == ["I,", "a,", "b.", "3,", "4"]


def test_spans_of_another_text_cut_no_token() -> None:
    run = depth(tokens=(" 3", " +", "4"))
    assert texts_of(run).found.popitem()[1]["tokens"] == [" 3", " +", "4"]
    provenance = {**run.heatmap.provenance, "target": "3 +4"}
    other = replace(run, heatmap=replace(run.heatmap, provenance=provenance))
    texts = texts_of(other)
    (text,) = texts.found.values()
    assert text["tokens"] == ["▁3", "▁+", "4"]
    assert texts.axis(run, run.heatmap.columns)["units"] != {}
    assert texts.axis(other, run.heatmap.columns)["units"] == {}
