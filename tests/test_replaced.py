"""A value with some of its fields replaced is what dataclasses.replace would make."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from livewatch.model import Contact
from livewatch.replaced import maker_of, replaced

CONTACT = Contact(2, 1, 25.0, 10.0, 10.0, 10.0, 0.3, 8.0, 0.1)


def test_a_copy_differs_in_what_was_replaced_alone() -> None:
    copy = replaced(CONTACT, gap_um=0.7, bites=3)
    assert copy == replace(CONTACT, gap_um=0.7, bites=3)
    assert CONTACT.gap_um == 0.3
    with pytest.raises(FrozenInstanceError):
        copy.bites = 4  # type: ignore[misc]


def test_there_is_no_field_of_another_name() -> None:
    with pytest.raises(TypeError, match="gap_px"):
        replaced(CONTACT, gap_px=3)


def test_what_a_maker_makes_is_what_the_class_makes() -> None:
    made = maker_of(Contact)
    assert made(2, 1, 25.0, 10.0, 10.0, tumor_y_um=10.0, gap_um=0.3, contact_um=8.0,
                seal_fraction=0.1) == CONTACT  # fmt: skip
    with pytest.raises(FrozenInstanceError):
        made(2, 1, 25.0, 10.0, 10.0, 10.0, 0.3, 8.0, 0.1).bites = 4  # type: ignore[misc]
    with pytest.raises(TypeError, match="seal_fraction"):
        made(2, 1, 25.0, 10.0, 10.0, 10.0, 0.3, 8.0)  # type: ignore[call-arg]
