"""What other libraries say while a model loads is kept from the reader, and only then."""

import logging

import pytest

from bathyscope.model.quiet import quietly


def test_remarks_are_kept_out_while_a_model_loads_and_only_then(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = logging.getLogger("torchao")
    with pytest.raises(KeyError), quietly():
        logger.warning("a kernel that nobody asked for")
        logger.error("a fault")
        raise KeyError
    logger.warning("said later")
    assert [record.message for record in caplog.records] == ["a fault", "said later"]
