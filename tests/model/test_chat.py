from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.model.chat import in_chat
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.tokenizer import TransformersTokens
from tests.conftest import byte_tokenizer, random_model

PLAIN = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}</>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
TRIMMED = PLAIN.replace("m['content']", "m['content'] | trim")


def tokens(template: str | None, start: bool = False) -> TransformersTokens:
    from tokenizers import processors

    tokenizer: Any = byte_tokenizer()
    if start:
        tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
            single="<bos> $A", special_tokens=[("<bos>", tokenizer.bos_token_id)]
        )
    tokenizer.chat_template = template
    return TransformersTokens(tokenizer)


def test_features_move_with_the_message() -> None:
    prompt = bs.Prompt.marked(" user [[b]] c\n[[d]] ")
    wrapped = in_chat(tokens(PLAIN), prompt)
    assert wrapped.text == "<user> user b c\nd </><assistant>"
    assert wrapped.labels == prompt.labels
    assert wrapped.segmenter == "marked"
    assert wrapped.masked([False, True]) == "<user> user  c\nd </><assistant>"


def test_a_message_that_occurs_in_the_template_is_found_where_it_was_put() -> None:
    wrapped = in_chat(tokens(PLAIN), bs.Prompt.marked("[[user]]"))
    assert wrapped.features == ((6, 10),)


def test_white_space_that_the_template_strips_is_stripped_from_features() -> None:
    wrapped = in_chat(tokens(TRIMMED), bs.Prompt.marked("\n [[ a]] b [[c \n]]"))
    assert wrapped.text == "<user>a b c</><assistant>"
    assert wrapped.labels == ("a", "c")
    with pytest.raises(bs.InputError, match=r"0\.\.1 is white space .* strips; leave it unmarked"):
        in_chat(tokens(TRIMMED), bs.Prompt.marked("[[\n]]a"))


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (None, "has no chat template; leave out --chat"),
        (PLAIN.replace("m['content']", "m['content'] | upper"), "changes the prompt"),
        ("{{ raise_exception('a system message is needed') }}", "system message is needed; leave"),
        ("{% for m in messages %}{{ m.content[0]['text'] }}{% endfor %}", "leave out --chat"),
    ],
)
def test_templates_that_cannot_be_used(template: str | None, message: str) -> None:
    with pytest.raises(bs.InputError, match=message):
        in_chat(tokens(template), bs.Prompt.marked("a [[b]]"))


def test_a_template_that_looks_at_the_message_is_searched() -> None:
    template = "{{ messages[0]['content'] | length }} {{ messages[0]['content'] }}!"
    wrapped = in_chat(tokens(template), bs.Prompt.marked("a [[b]]"))
    assert (wrapped.text, wrapped.labels) == ("3 a b!", ("b",))


def test_the_start_token_is_not_doubled() -> None:
    chat = tokens("{{ bos_token }}" + PLAIN, start=True)
    text = in_chat(chat, bs.Prompt.marked("a [[b]]")).text
    ids = chat.encode(text)
    assert ids.count(chat.tokenizer.bos_token_id) == 1
    assert list(ids) == chat.tokenizer(text, add_special_tokens=False)["input_ids"]
    assert chat.encode("a")[0] == chat.tokenizer.bos_token_id
    assert chat.spans(text)[0] == (0, len("<bos>"))
    assert chat.spans("ab") == ((0, 1), (1, 2))


def test_a_start_token_that_the_template_lacks_is_named() -> None:
    (note,) = in_chat(tokens(PLAIN, start=True), bs.Prompt.marked("a [[b]]")).notes
    assert "puts <bos> before every text" in note


def test_attribution_in_chat_masks_inside_the_template() -> None:
    model = LanguageModel(random_model("llama"), tokens(PLAIN).tokenizer)
    prompt = bs.Prompt.marked("a [[b]] c [[d]]")
    run = bs.attribute(model, prompt, "x", chat=True)
    by_hand = bs.attribute(model, bs.Prompt.marked("<user>a [[b]] c [[d]]</><assistant>"), "x")
    np.testing.assert_allclose(run.heatmap.values, by_hand.heatmap.values, atol=1e-12)
    assert run.heatmap.columns.spans == by_hand.heatmap.columns.spans
    assert run.heatmap.provenance["chat"] is True
    assert run.heatmap.provenance["prompt"] == "<user>a b c d</><assistant>"


@pytest.mark.real
def test_the_embedded_model_s_template(smollm: LanguageModel) -> None:
    prompt = bs.Prompt.segmented("A helpful AI. What is 9 + 3?", "sentences")
    wrapped = in_chat(smollm.tokens, prompt)
    assert wrapped.text.startswith("<|im_start|>system\nYou are a helpful AI assistant")
    assert wrapped.text.endswith("9 + 3?<|im_end|>\n<|im_start|>assistant\n")
    assert wrapped.labels == prompt.labels
    rendered = smollm.tokens.tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt.text}], add_generation_prompt=True, return_dict=True
    )
    assert list(smollm.tokens.encode(wrapped.text)) == rendered["input_ids"]
