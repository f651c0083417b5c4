"""What can go wrong in words a user can act on."""

from __future__ import annotations


class BadInput(Exception):
    """The user's mistake, said in one line: what, where, and what would be right."""
