"""Colours and type for a dark microscope room. Pure: no Qt.

Green and magenta differ for every common kind of colour blindness, and add up to white. Modes
differ in brightness as well as in hue, and are written out.
"""

from __future__ import annotations

from livewatch.gui.panel import Tone
from livewatch.model import Kind

GROUND = "#0a0d10"
SURFACE = "#12171c"
RAISED = "#1b2229"
LINE = "#28313a"
TEXT = "#dfe5ea"
MUTED = "#87929d"
FAINT = "#56616c"

TONES = {
    Tone.CALM: "#8ab4e8",
    Tone.WATCH: "#f2d16b",
    Tone.ALERT: "#ffa630",
    Tone.BURST: "#ff6b5e",
    Tone.COOL: "#63d2d6",
    Tone.HELD: "#f4f4f4",
    Tone.OVER: "#9aa5b1",
    Tone.FAULT: "#ff6b5e",
}

IMAGE = {Kind.NK: (30, 235, 110), Kind.TUMOR: (235, 50, 225)}
OUTLINE = {Kind.NK: "#a8ffc4", Kind.TUMOR: "#ffb3f7"}
NAMES = {Kind.NK: "#c9ffdb", Kind.TUMOR: "#ffd0fa"}
TARGET = TONES[Tone.ALERT]
OTHER_PAIR = "#f1e3c2"

FAMILIES = ("Inter", "Segoe UI", "SF Pro Text", "Helvetica Neue", "Noto Sans", "DejaVu Sans")

STYLE = f"""
* {{ color: {TEXT}; font-size: 14px; }}
QMainWindow, QWidget#ground {{ background: {GROUND}; }}
QFrame#bar, QFrame#board {{ background: {SURFACE}; border: none; }}
QLabel {{ background: transparent; }}
QFrame#alarm {{ background: #3a2f14; border: none; }}
QFrame#alarm[standing="true"] {{ background: #8c1f17; }}
QLabel#alarm_headline {{ font-size: 24px; font-weight: 700; }}
QLabel#alarm_text {{ font-size: 18px; font-weight: 500; }}
QLabel#mode {{ font-size: 46px; font-weight: 700; letter-spacing: 1px; }}
QLabel#headline {{ font-size: 24px; font-weight: 500; }}
QLabel#time {{ font-size: 34px; font-weight: 300; }}
QLabel#reason {{ font-size: 15px; color: {MUTED}; }}
QLabel#trouble {{ font-size: 14px; font-weight: 600; color: {TONES[Tone.FAULT]}; }}
QLabel#name {{ font-size: 12px; color: {MUTED}; }}
QLabel#value {{ font-size: 18px; font-weight: 500; }}
QLabel#title {{ font-size: 12px; font-weight: 600; color: {MUTED}; }}
QTableWidget {{
    background: {SURFACE}; border: none; font-size: 14px; outline: none;
    alternate-background-color: {SURFACE};
}}
QTableWidget::item {{ padding: 0 5px; border-bottom: 1px solid {RAISED}; }}
QHeaderView::section {{
    background: {SURFACE}; color: {FAINT}; border: none; border-bottom: 1px solid {LINE};
    padding: 2px 5px; font-size: 12px;
}}
QLineEdit {{
    background: {GROUND}; border: 1px solid {LINE}; border-radius: 6px; padding: 7px 9px;
    selection-background-color: {LINE};
}}
QLineEdit:focus {{ border-color: {FAINT}; }}
QPushButton {{
    background: {RAISED}; border: 1px solid {LINE}; border-radius: 6px; padding: 9px 14px;
    font-weight: 600;
}}
QPushButton:hover {{ border-color: {FAINT}; }}
QPushButton:pressed {{ background: {LINE}; }}
QPushButton:disabled {{ color: {FAINT}; }}
QPushButton#stop {{ background: #3a1715; border-color: #7c2d28; font-size: 16px; }}
QPushButton#stop:hover {{ background: #4d1d1a; }}
QPushButton#stop:disabled {{ background: {RAISED}; border-color: {LINE}; }}
QScrollBar:vertical {{ background: {SURFACE}; width: 8px; }}
QScrollBar::handle:vertical {{ background: {LINE}; border-radius: 4px; min-height: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid {LINE}; padding: 4px; }}
"""
