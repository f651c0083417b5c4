"""What to look for."""

from __future__ import annotations

from pydantic import Field

from livewatch.settings.section import Positive, Section


class Cells(Section):
    """What to look for. Diameters are typical, not limits."""

    nk_diameter_um: Positive = Field(9.0, description="typical NK cell")
    tumor_diameter_um: Positive = Field(20.0, description="typical tumor cell")
    nk_segmenter: str = Field(
        "classic",
        description="what finds NK cells: 'classic'; 'spread' where they are long or branched (a "
        "diameter is then a body's width); 'cellpose', 'stardist' or a plug-in",
    )
    tumor_segmenter: str = Field("classic", description="the same for tumor cells")
    shift_x_um: float = Field(
        0.0, description="how far right the tumor image lies of the NK image (chromatic shift)"
    )
    shift_y_um: float = Field(0.0, description="how far below the NK image it lies")
