"""Documents and pictures, by the libraries that write them."""

import io
from pathlib import Path
from typing import Final

import docx
import fpdf
import PIL.Image
import PIL.PngImagePlugin

from tests.forms.form import Form, Missing, of_text

_FONTS: Final = ("/usr/share/fonts", "/Library/Fonts", "/System/Library/Fonts")


def _pdf(text: str, *, is_compressed: bool, font: Path | None = None) -> bytes:
    document = fpdf.FPDF()
    document.set_compression(is_compressed)
    document.add_page()
    if font is None:
        document.set_font("Helvetica", size=11)
    else:
        document.add_font("Any", fname=font)
        document.set_font("Any", size=11)
    document.multi_cell(w=0, text=text)
    return bytes(document.output())


def _pdf_with_subset_font(text: str) -> bytes:
    fonts = (path for folder in _FONTS for path in sorted(Path(folder).rglob("DejaVuSans.ttf")))
    font = next(fonts, None)
    if font is None:
        raise Missing("no DejaVuSans.ttf")
    return _pdf(text, is_compressed=True, font=font)


def _docx(runs: list[str]) -> bytes:
    out, document = io.BytesIO(), docx.Document()
    document.add_heading("Report", level=1)
    paragraph = document.add_paragraph()
    for number, run in enumerate(runs):
        paragraph.add_run(run).bold = number % 2 == 1
    document.save(out)
    return out.getvalue()


def _docx_table(text: str) -> bytes:
    out, document = io.BytesIO(), docx.Document()
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 1).text = text
    document.save(out)
    return out.getvalue()


def _png(text: str, *, is_zipped: bool) -> bytes:
    out, info = io.BytesIO(), PIL.PngImagePlugin.PngInfo()
    info.add_text("prompt", text, zip=is_zipped)
    PIL.Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


DOCUMENTS: Final[tuple[Form, ...]] = (
    of_text("PDF (file)", lambda text: _pdf(text, is_compressed=True), is_file=True),
    of_text("PDF, not compressed (file)", lambda text: _pdf(text, is_compressed=False), is_file=True),
    of_text("PDF, subset font (file)", _pdf_with_subset_font, is_file=True),
    of_text("DOCX (file)", lambda text: _docx([text]), is_file=True),
    of_text("DOCX, runs of 5 letters (file)", lambda text: _docx(
        [text[start : start + 5] for start in range(0, len(text), 5)]
    ), is_file=True),
    of_text("DOCX, in a table (file)", _docx_table, is_file=True),
    of_text("PNG text (file)", lambda text: _png(text, is_zipped=False), is_file=True),
    of_text("PNG compressed text (file)", lambda text: _png(text, is_zipped=True), is_file=True),
)  # fmt: skip
