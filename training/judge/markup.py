"""The few pieces of HTML that a page is made of; text is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 74rem; padding: 1.5rem 1.25rem 4rem; background: #ffffff; color: #1b1b1b;
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2.6rem 0 .4rem; padding-top: .6rem; border-top: 2px solid #1b1b1b; }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .3rem; }
p, ul { max-width: 46rem; margin: .4rem 0 .8rem; }
a { color: #004a87; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .94rem;
  margin: .4rem 0 1rem; }
caption { text-align: left; color: #444444; padding-bottom: .3rem; max-width: 46rem; }
th, td { padding: .32rem .7rem; border-bottom: 1px solid #cfcfcf; text-align: right; white-space: nowrap; }
td, th { vertical-align: top; }
th { background: #f1f1f1; }
thead th { white-space: normal; vertical-align: bottom; }
th[scope=row], th:first-child { text-align: left; }
.interval { color: #444444; font-size: .86em; display: block; }
.shaded { display: block; margin: -.32rem -.7rem; padding: .32rem .7rem;
  background: rgb(0 96 168 / calc(var(--share) * .4)); }
.none { color: #5a5a5a; }
.figure svg { width: 100%; height: auto; display: block; }
figure { margin: .6rem 0 1rem; }
figcaption { color: #444444; max-width: 46rem; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: .8rem; }
.sheet img { width: 200px; height: 200px; display: block; background: #000000; object-fit: contain; }
.sheet div { font-size: .84rem; line-height: 1.35; overflow-wrap: anywhere; }
nav { margin: .8rem 0; } nav a { margin-right: 1rem; white-space: nowrap; }
@media print { h2 { break-after: avoid; } table, figure { break-inside: avoid; } }
"""


def document(title: str, body: Sequence[str]) -> str:
    """A whole page that asks for nothing outside itself."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def heading(level: int, text: str, anchor: str = "") -> str:
    """A heading, with an anchor for the contents."""
    mark = f' id="{escape(anchor)}"' if anchor else ""
    return f"<h{level}{mark}>{escape(text)}</h{level}>"


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def contents(anchors: Sequence[tuple[str, str]]) -> str:
    """Links to the headings, (anchor, text)."""
    links = "".join(f'<a href="#{escape(anchor)}">{escape(text)}</a> ' for anchor, text in anchors)
    return f"<nav>{links}</nav>"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """A table; a row's first cell is its heading, the others are HTML already (``text``, ``interval``)."""
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in headers)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{cell}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<div class="wide"><table>{said}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def text(value: object) -> str:
    """A cell of plain text."""
    return escape(str(value))


def interval(found: dict[str, float] | None, digits: int = 3) -> str:
    """A cell with a figure and its interval, or the words that there is none."""
    if found is None:
        return '<span class="none">not estimable</span>'
    low, high = (f"{found[end]:.{digits}f}" for end in ("low", "high"))
    return f'{found["value"]:.{digits}f} <span class="interval">({low} to {high})</span>'


def shaded(value: str, share: float) -> str:
    """A cell that is the darker the larger its share, [0, 1]; never too dark to read."""
    return f'<span class="shaded" style="--share: {share:.2f}">{escape(value)}</span>'


def figure(svg: str, caption: str) -> str:
    """A drawing with its caption, which is what a screen reader says of it too."""
    said = escape(caption)
    return (
        f'<figure><div class="figure" role="img" aria-label="{said}">{svg}</div>'
        f"<figcaption>{said}</figcaption></figure>"
    )
