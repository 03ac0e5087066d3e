"""Conversations pasted in their template: who said what, and which features that makes."""

import pytest

import bathyscope as bs
from bathyscope.prompt.templates import cut_before_turn, pasted
from bathyscope.prompt.thoughts import thoughts

SAID = [("system", "Be kind."), ("user", "Hi."), ("assistant", "Yes?"), ("user", "Why?\nTell.")]

PASTED = {
    "ChatML": "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi.<|im_end|>\n"
    "<|im_start|>assistant\nYes?<|im_end|>\n<|im_start|>user\nWhy?\nTell.<|im_end|>\n"
    "<|im_start|>assistant\n",
    "Phi 4": "<|im_start|>system<|im_sep|>Be kind.<|im_end|><|im_start|>user<|im_sep|>Hi.<|im_end|>"
    "<|im_start|>assistant<|im_sep|>Yes?<|im_end|><|im_start|>user<|im_sep|>Why?\nTell.<|im_end|>"
    "<|im_start|>assistant<|im_sep|>",
    "Llama 3": "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nHi.<|eot_id|><|start_header_id|>assistant"
    "<|end_header_id|>\n\nYes?<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWhy?\nTell."
    "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "Llama 2": "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi. [/INST] Yes? </s>"
    "<s>[INST] Why?\nTell. [/INST]",
    "Mistral 7": "<s>[SYSTEM_PROMPT]Be kind.[/SYSTEM_PROMPT][INST]Hi.[/INST]Yes?</s>"
    "[INST]Why?\nTell.[/INST]",
    "Phi 3": "<|system|>\nBe kind.<|end|>\n<|user|>\nHi.<|end|>\n<|assistant|>\nYes?<|end|>\n"
    "<|user|>\nWhy?\nTell.<|end|>\n<|assistant|>\n",
    "Zephyr": "<|system|>\nBe kind.</s>\n<|user|>\nHi.</s>\n<|assistant|>\nYes?</s>\n"
    "<|user|>\nWhy?\nTell.</s>\n<|assistant|>\n",
    "Granite": "<|start_of_role|>system<|end_of_role|>Be kind.<|end_of_text|>\n"
    "<|start_of_role|>user<|end_of_role|>Hi.<|end_of_text|>\n<|start_of_role|>assistant"
    "<|end_of_role|>Yes?<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>Why?\nTell."
    "<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>",
    "Harmony": "<|start|>developer<|message|>Be kind.<|end|><|start|>user<|message|>Hi.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>Yes?<|end|><|start|>user<|message|>Why?\nTell."
    "<|end|><|start|>assistant",
    "Command": "<BOS_TOKEN><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>Be kind.<|END_OF_TURN_TOKEN|>"
    "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hi.<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|>"
    "<|CHATBOT_TOKEN|>Yes?<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Why?\nTell."
    "<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
}
WITHOUT_SYSTEM = {
    "Gemma": "<bos><start_of_turn>user\nHi.<end_of_turn>\n<start_of_turn>model\nYes?<end_of_turn>\n"
    "<start_of_turn>user\nWhy?\nTell.<end_of_turn>\n<start_of_turn>model\n",
    "DeepSeek": "<｜begin▁of▁sentence｜><｜User｜>Hi.<｜Assistant｜>Yes?<｜end▁of▁sentence｜>"
    "<｜User｜>Why?\nTell.<｜Assistant｜>",
    "Mistral": "<s>[INST] Hi. [/INST] Yes?</s>[INST] Why?\nTell. [/INST]",
}


@pytest.mark.parametrize("name", [*PASTED, *WITHOUT_SYSTEM])
def test_every_template_is_read(name: str) -> None:
    text = (PASTED | WITHOUT_SYSTEM)[name]
    conversation = pasted(text)
    assert conversation is not None and conversation.text == text
    said = [(one.role, text[slice(*one.content)].strip()) for one in conversation.messages]
    assert said == (SAID if name in PASTED else SAID[1:])
    previous = 0
    for one in conversation.messages:
        assert previous <= one.block[0] <= one.content[0] < one.content[1] <= one.block[1]
        previous = one.block[1]


@pytest.mark.parametrize("name", [*PASTED, *WITHOUT_SYSTEM])
def test_a_pasted_conversation_has_messages_and_turns_as_features(name: str) -> None:
    text = (PASTED | WITHOUT_SYSTEM)[name]
    first = ["system: Be kind."] if name in PASTED else []
    prompt = bs.Prompt.segmented(text, "marked")
    assert prompt.text == text and prompt.segmenter == "messages"
    assert [*prompt.names] == [*first, "user: Hi.", "assistant: Yes?", "user: Why?\nTell."]
    assert "is a conversation in the template of" in prompt.notes[0]
    turns = bs.Prompt.segmented(text, "turns")
    assert [*turns.names] == [*first, "turn 1: Hi."]
    without = turns.masked([True] * len(first) + [False])
    assert "Yes?" not in without and "Hi." not in without and "Why?\nTell." in without
    sentences = bs.Prompt.segmented(text, "sentences")
    assert [*sentences.labels] == [*["Be kind."][: len(first)], "Hi.", "Yes?", "Why?", "Tell."]


@pytest.mark.parametrize(
    "text",
    [
        "ChatML writes <|im_start|>user before what a user says.",
        "What does [INST] mean?",
        "<|im_start|>nobody\nHi<|im_end|>",
        "Q: 1 + 1?\nA: 2.\n\nQ: 2?\nA:",
        "a[0] = [[1]] <b>bold</b> </s>",
        "",
    ],
)
def test_text_that_speaks_of_marks_is_no_conversation(text: str) -> None:
    assert pasted(text) is None


def test_a_turn_is_cut_out_as_the_target() -> None:
    text = PASTED["ChatML"]
    before, target = cut_before_turn(text, -1)
    assert target == "Yes?" and before.endswith("<|im_start|>assistant\n")
    assert before + target == text[: len(before) + 4]
    with pytest.raises(bs.InputError, match="no turn 2 of the assistant; the conversation has 1"):
        cut_before_turn(text, 2)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("<think>a</think>\n\nb", ["<think>a</think>\n\n"]),
        (
            "x <think>a</think> y <Thinking>b</Thinking>",
            ["<think>a</think> ", "<Thinking>b</Thinking>"],
        ),
        ("<think>never closed", ["<think>never closed"]),
        ("the <think> tag", []),
        ("a</think>b", ["a</think>"]),
        ("a</think>b <think>c</think>d", ["a</think>", "<think>c</think>"]),
        ("[THINK]a[/THINK]b", ["[THINK]a[/THINK]"]),
        ("<|begin_of_thought|>a<|end_of_thought|>b", ["<|begin_of_thought|>a<|end_of_thought|>"]),
        ("<think><think>a</think>", ["<think><think>a</think>"]),
        ("a[/THINK]b", ["a[/THINK]"]),
        ("a<|end_of_thought|> b", ["a<|end_of_thought|> "]),
        ("", []),
    ],
)
def test_blocks_of_reasoning(text: str, blocks: list[str]) -> None:
    assert [text[start:end] for start, end in thoughts(text)] == blocks


@pytest.mark.parametrize("text", ["<think>" * 20_000, "[THINK]" * 20_000, "</think>" * 20_000])
def test_reasoning_is_found_in_linear_time(text: str) -> None:
    assert len(thoughts(text)) <= 1 + text.count("</think>")


def test_features_lie_inside_marks() -> None:
    source = "Context: [[It is hot. It is dry.]]\nQuestion: Why? Say it.\nAnswer: [[No. Yes.]]"
    prompt = bs.Prompt.segmented(source, "sentences")
    assert prompt.labels == ("It is hot.", "It is dry.", "No.", "Yes.")
    assert prompt.text == source.replace("[[", "").replace("]]", "")
    assert bs.Prompt.segmented(source, "words").labels[:3] == ("It", "is", "hot.")
    assert bs.Prompt.segmented(source, "regex:h.t").labels == ("hot",)
    with pytest.raises(bs.InputError, match=r"No arithmetic .* inside its marks"):
        bs.Prompt.segmented(source, "expressions")


def test_what_needs_the_whole_prompt_is_found_in_it_and_cut_at_marks() -> None:
    source = "Q: a\nA: b\n\n[[Q: c\nA: d\n\nQ: e\nA: f]]\n\nQ: g\nA:"
    found = bs.Prompt.segmented(source, "demonstrations")
    assert found.labels == ("Q: c\nA: d\n\n", "Q: e\nA: f")


def test_tokens_lie_inside_marks_and_are_cut_there() -> None:
    prompt = bs.Prompt.segmented("ab[[cd]]e", "tokens", lambda text: [(0, 3), (3, 4), (4, 5)])
    assert prompt.labels == ("c", "d")
