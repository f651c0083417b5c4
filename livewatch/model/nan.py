"""A measure that was not, or could not be, taken."""

from __future__ import annotations

NAN = float("nan")
