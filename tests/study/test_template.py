"""Prompts from fields: what a template says counts, what a field holds is text."""

import pickle

import pytest

from bathyscope.core.errors import InputError
from bathyscope.study.template import PromptTemplate

HOSTILE = "{{ 7 * 7 }} [[x]] ]] \\[[ {% raw %} \0 ␀"


def test_fields_stay_text_whatever_they_look_like() -> None:
    template = PromptTemplate("[[{{ a }}]] and {{ a }}\n")
    for again in (template, pickle.loads(pickle.dumps(template))):
        prompt = again.fill({"a": HOSTILE})
        assert prompt.text == f"{HOSTILE} and {HOSTILE}"
        assert prompt.features == ((0, len(HOSTILE)),)
        assert prompt.segmenter == "marked"


def test_marks_of_a_template_and_of_fields_that_are_said_to_be_marked() -> None:
    shown = [{"q": "1 + 1", "a": "[[2]]"}, {"q": "2 + 2", "a": "[[4]]"}]
    source = "{% for d in shown %}Q: [[{{ d.q }}]] A: {{ d.a | marked }}\n{% endfor %}\\[[Q]]:"
    prompt = PromptTemplate(source).fill({"shown": shown})
    assert prompt.text == "Q: 1 + 1 A: 2\nQ: 2 + 2 A: 4\n[[Q]]:"
    assert prompt.labels == ("1 + 1", "2", "2 + 2", "4")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("{{ a.__class__.__mro__ }}", "cannot be filled"),
        ("{{ ''.__class__ }}", "cannot be filled"),
        ("{% for i in range(10**7) %}x{% endfor %}", "cannot be filled"),
        ("{% for i in range(99999) %}{{ a * 99 }}{% endfor %}", "1,000,000 characters"),
        ("{{ b }}", "'b' is undefined.*the record has the fields a"),
        ("{% include 'x' %}", "cannot be filled"),
        ("[[{{ a }}", "never closes"),
        ("[[ [[{{ a }}]]", "inside of another"),
        ("{{ a.append(1) }}", "cannot be filled"),
        ("{{ 1 / 0 }}", "cannot be filled"),
        ("{{ a * 10**10 }}", "more than 1,000,000 parts"),
        ("{{ 10**10 * [a] }}", "more than 1,000,000 parts"),
        ("{{ 2 ** 999999999 }}", "cannot be filled .a power"),
        ("{{ '%099999999999d' % 3 }}", "wider than 9,999"),
        ("{{ a.ljust(10**10) }}", "a number above 1,000,000"),
    ],
)
def test_what_a_template_may_not_do_is_said(source: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        PromptTemplate(source).fill({"a": "x"})


def test_small_operations_are_done() -> None:
    source = (
        "{{ a * 3 }} {{ 2 ** 5 }} {{ 7 % 4 }} {{ '%05.1f' % 2 }} {{ a.ljust(3) }}|{{ 1.5 * 2 }}"
    )
    assert PromptTemplate(source).fill({"a": "x"}).text == "xxx 32 3 002.0 x  |3.0"


def test_what_is_no_template_is_refused_before_it_is_filled() -> None:
    with pytest.raises(InputError, match="no Jinja2 template"):
        PromptTemplate("{{ a")
