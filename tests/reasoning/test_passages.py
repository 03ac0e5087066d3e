"""Tokens of passages, what is taken out with them, and what does not fit."""

from dataclasses import replace

import pytest

import bathyscope as bs
from bathyscope.reasoning.answers import divided
from bathyscope.reasoning.passages import Passages, require_hidden, with_parts
from tests.conftest import tiny


def passages(prompt: bs.Prompt, response: str, steps: str = "sentences") -> Passages:
    return Passages.of(tiny("llama").tokens, prompt, response, divided(response, steps, None))


def test_a_passage_goes_with_the_white_space_behind_it() -> None:
    found = passages(bs.Prompt.marked("[[Fact a.]]  [[b]], c.\nA: "), "One.\n\n Two. Three.")
    tokens = tiny("llama").tokens

    def before(row: int, present: list[bool]) -> str:
        return tokens.decode(found.question(tokens, row, present)[0])

    assert before(2, [True] * 4) == "Fact a.  b, c.\nA: One.\n\n Two. "
    assert before(2, [False, True, True, True]) == "b, c.\nA: One.\n\n Two. "
    assert before(2, [True, False, False, True]) == "Fact a.  , c.\nA: Two. "
    assert before(2, [False] * 4) == ", c.\nA: "
    assert before(1, [True, True, False]) == "Fact a.  b, c.\nA: "
    assert tokens.decode(found.question(tokens, 2, [False] * 4)[1]) == "Three."


def test_tokens_belong_to_the_passage_of_their_last_character() -> None:
    found = passages(bs.Prompt.marked("[[ab]] c "), "D e.\nFg.")
    texts = ["".join(found.text[slice(*found.token_spans[at])] for at in place)
             for place in (*found.column_positions, *found.row_positions)]  # fmt: skip
    assert texts == ["ab", "D e.", "D e.", "Fg."]


def test_a_part_without_a_token_cannot_be_hidden() -> None:
    """Its column would be 0, which says that nothing is owed to it."""
    found = passages(bs.Prompt.marked("[[a]]b c "), "D e.\nFg.")
    require_hidden(found)
    joined = replace(found, token_spans=((0, 2), (0, 2), *found.token_spans[2:]))
    with pytest.raises(bs.InputError, match="part 'a' has no token of its own"):
        require_hidden(joined)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two. Three?", ("One.", "Two.")),
        ("[[One.]] Two.", ("One.",)),
        ("Only one?", ()),
        ("One. [[Two]]", ("Two",)),
    ],
)
def test_parts_are_what_is_marked_or_sentences_of_which_one_stays(
    text: str, parts: tuple[str, ...]
) -> None:
    assert with_parts(bs.Prompt.marked(text)).labels == parts


def test_a_response_beyond_the_context_says_how_many_steps_fit() -> None:
    response = "\n".join(f"Step {i} is long." for i in range(20))
    with pytest.raises(bs.InputError, match=r"context ends at 256: 14 of 19 steps fit"):
        bs.chain(tiny("llama"), "Question? [[Yes.]]\n", response, steps="lines")


def test_very_many_steps_are_counted_at_once() -> None:
    """Each step looked for in all tokens would take hours."""
    with pytest.raises(bs.InputError, match=r"60,013 tokens, .* 81 of 19999 steps fit"):
        bs.chain(tiny("llama"), "Question: a?\n", "a.\n" * 20000, steps="lines")


@pytest.mark.parametrize(
    ("prompt", "response", "asked", "said"),
    [
        ("", "One. Two.", {}, "prompt is empty"),
        (" \n", "One. Two.", {}, "prompt is empty"),
        ("Q?", "", {}, "response is empty"),
        ("Q?", " \n ", {}, "response holds white space alone"),
        ("Q?", "One.", {}, "no step before its answer"),
        ("Q?", "One. Two.", {"answer": "boxed"}, "No answer was found"),
        ("Q?", "One. Two.", {"steps": "words"}, "Steps 'words' are not known"),
        ("Q?", "One. Two.", {"reading": "deletions"}, "did you mean 'deletion'"),
        ("Q?", "One. Two.", {"variant": "jsd"}, "variant 'jsd' is not known"),
        ("Q?", "One. Two.", {"method": "shaply"}, "did you mean 'shapley'"),
        ("Q?", "One. Two.", {"method": "saliency"}, "method 'saliency' is not known"),
        ("Q?", "One. Two.", {"n": 1}, "n is 2 or more"),
        ("Q?", "One. Two.", {"temperature": 0.0}, "above 0"),
        ("Q?", "One. Two.", {"same": 2.0}, "cosine"),
        ("Q?", "One. Two.", {"measure": "accuracy"}, "give it with --gold"),
        ("Q?", "One. Two.", {"budget": 0}, "at least 1 evaluation"),
        ("Q?", "One. Two.", {"seed": -1}, "seed"),
        ("Q?", "One. Two.", {"similarity": "cosine"}, "similarity 'cosine' is not known"),
        ("Q?", "One. Two.", {"batch_tokens": 0}, "at least 1 token"),
        ("Q?", "One. Two.", {"stepz": "lines"}, "'stepz' is not known"),
        ("Q?", "One. Two.", {"gold": "6"}, "gold .* the reading resampling, not to deletion"),
        ("Q?", "One. Two.", {"n": 50, "reading": "suppression"}, "n \\(50\\) belongs"),
        ("Q?", "One. Two.", {"variant": "ln_kl"}, "the reading suppression, not to deletion"),
        ("Q?", "One. Two.", {"budget": 9, "reading": "resampling"}, "the reading deletion, not"),
        ("Q?", "One. Two.", {"answer": "regex:x*"}, "No answer was found"),
        ("Q?", "One. Two.", {"answer": "regex:\\s"}, "No answer was found"),
        ("Q?", "One. Two\ud800.", {}, "response holds no valid Unicode: at character 8"),
        ("Q? [[a]] b", "One. Two. Three.", {"budget": 4}, "3 passages .* at least 8 .*leave_one"),
        ("[[Q", "One. Two.", {}, "never closed"),
        ("[[Q?]] ", "One. Two.", {}, "Without its parts nothing of the prompt is left"),
        ("[[Q?]] [[a]] b", "x " * 30, {"steps": "regex:x", "budget": 10**12}, "all 2.31 coal"),
    ],
)
def test_bad_input_is_one_sentence(
    prompt: str, response: str, asked: dict[str, object], said: str
) -> None:
    with pytest.raises(bs.InputError, match=said):
        bs.chain(tiny("llama"), prompt, response, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("prompt", "response", "said"),
    [
        (None, "One. Two.", "A prompt is a text or a Prompt, not a NoneType"),
        ("Q?", b"One. Two.", "response is a text, not a bytes"),
        ("Q?", ["One.", "Two."], "response is a text, not a list"),
    ],
)
def test_what_is_no_text_is_one_sentence(prompt: object, response: object, said: str) -> None:
    with pytest.raises(bs.InputError, match=said):
        bs.chain(tiny("llama"), prompt, response)  # type: ignore[arg-type]


def test_a_prompt_of_one_sentence_has_no_part_and_a_first_step_owes_nothing() -> None:
    run = bs.chain(tiny("llama"), "Q?", "One. Two. Three.")
    assert run.parts == 0 and run.heatmap.values.shape == (3, 2)
    assert (run.heatmap.values[0] == 0).all() and run.total is not None
    assert "No part of the prompt is a column" in run.notes[0]
    assert run.rankings == () and run.heatmap.values[2].all()


def test_the_model_writes_the_response_where_none_is_given() -> None:
    run = bs.chain(
        tiny("llama"),
        "Q: [[1]] [[2]]\n",
        steps="regex:(?s).{4}",
        max_new_tokens=24,
        method="leave_one_out",
    )
    assert run.provenance["generated"] and run.provenance["given"] is None
    assert len(run.heatmap.rows) >= 2 and run.evidence is not None
