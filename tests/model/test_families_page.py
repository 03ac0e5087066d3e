from tests.families_page import PAGE, page


def test_the_page_says_what_the_families_do() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it: python -m tests.families_page"
