"""The look of the PDF: page, type and the functions that a report's blocks call."""

from __future__ import annotations

FONTS = '"Libertinus Serif", "DejaVu Sans", "Last Resort High-Efficiency"'
SIGN_FONTS = '"DejaVu Sans", "Last Resort High-Efficiency"'
MONO_FONTS = '"DejaVu Sans Mono", "DejaVu Sans", "Last Resort High-Efficiency"'

STYLE = f"""\
#let ink = rgb("#1a1a1a")
#let grey = rgb("#5c5c5c")
#let pale = rgb("#d0d4d9")
#let blue = rgb("#0b4f85")
#let tints = (
  answer: (rgb("#eef4fa"), rgb("#0b4f85")),
  claim: (rgb("#eef4fa"), rgb("#0b4f85")),
  said: (none, rgb("#b8680a")),
  borrowed: (none, rgb("#01745a")),
  risk: (none, rgb("#8a4b78")),
  rating: (none, rgb("#5c5c5c")),
)
#set text(font: ({FONTS}), fallback: false, size: 10pt, fill: ink, lang: "en", region: "gb",
  hyphenate: false, number-width: "tabular")
#set par(leading: 0.58em, spacing: 0.85em, justify: false)
#set list(indent: 0pt, body-indent: 0.6em, spacing: 0.5em, marker: text(fill: grey, "\\u{{2022}}"))
#set enum(indent: 0pt, body-indent: 0.6em, spacing: 0.55em, numbering: "1.",
  number-align: right + top)
#set super(typographic: false, size: 0.68em)
#set heading(numbering: none)
#show heading: set block(sticky: true)
#show heading: set par(leading: 0.4em)
#show heading.where(level: 1): set text(size: 15pt, weight: 600, fill: blue)
#show heading.where(level: 1): set block(above: 22pt, below: 9pt)
#show heading.where(level: 2): set text(size: 12pt, weight: 600)
#show heading.where(level: 2): set block(above: 18pt, below: 7pt)
#show heading.where(level: 3): set text(size: 10.5pt, weight: 600)
#show heading.where(level: 3): set block(above: 13pt, below: 6pt)
#show heading.where(level: 4): set text(size: 10pt, weight: 400, style: "italic")
#show heading.where(level: 4): set block(above: 11pt, below: 5pt)
#show raw: set text(font: ({MONO_FONTS}), fallback: false)
#show raw.where(block: true): set text(size: 6.8pt)
#show raw.where(block: true): set par(leading: 0.5em)
#show figure: set block(above: 14pt, below: 14pt, width: 100%)
#show figure: set align(left)
#show figure.where(kind: table): set block(breakable: true)
#show figure.where(kind: table): set figure.caption(position: top)
#show figure.caption: set text(size: 8.8pt)
#show figure.caption: set align(left)
#show figure.caption: set par(leading: 0.5em)
#show figure.caption: set block(sticky: true)
#show outline.entry: set text(size: 9.2pt)
#show outline.entry.where(level: 1): set text(weight: 600)
#show outline.entry.where(level: 1): set block(above: 7pt)
#show outline.entry: set block(above: 4.2pt)
#set outline.entry(fill: text(fill: pale, repeat("." + h(2.5pt))))

#let at(name, body) = [#metadata(none)#label(name)] + body
#let breaks(..parts) = parts.pos().join(h(0.001pt))
#let whole(body) = box(body)
#let signs(body) = {{
  show "\\u{{25ef}}": set text(size: 0.74em, baseline: -0.07em)
  text(font: ({SIGN_FONTS}), size: 0.88em, body)
}}
#let mono(body) = text(font: ({MONO_FONTS}), size: 0.82em, body)
#let tag(body) = box(stroke: 0.5pt + grey, radius: 2pt, inset: (x: 3pt), outset: (y: 2pt),
  text(size: 0.8em, fill: grey, body))
#let to(name, body) = link(label(name), text(fill: blue, body))
#let out(address, body) = link(address, text(fill: blue, body))
#let cites(..pairs) = super(pairs.pos().map(p => link(label(p.at(0)), text(fill: blue, p.at(1))))
  .join(","))

#let titled(level, name, body) = if name == none {{ heading(level: level, body) }} else [
  #heading(level: level, body)
  #label(name)]
#let plain(..parts) = par(parts.pos().join())
#let lead(..parts) = text(size: 11pt, fill: grey, par(parts.pos().join()))
#let finding(..parts) = par(text(weight: 600, parts.pos().join()))
#let small(..parts) = text(size: 8.8pt, fill: grey, par(parts.pos().join()))
#let kept(body) = block(sticky: true, body)
#let opening(..parts) = kept(small(..parts))
#let listed(..entries) = text(size: 9pt, enum(..entries))
#let points(..items) = list(..items)
#let drawn(name, number, file, width, description, caption, ..further) = [
  #figure(image(file, width: width, alt: description), kind: image, supplement: none,
    numbering: none, caption: {{strong(number + ". " + caption); further.pos().join()}})
  #label(name)]
#let numbers(name, number, title, note, size, widths, aligned, over, head, ..cells) = [
  #figure(kind: table, supplement: none, numbering: none,
    caption: {{
      strong({{number + ". "; title; if note != none {{"."}}}})
      if note != none {{" "; note}}
    }},
    {{
      set text(size: size)
      set par(leading: 0.42em, spacing: 0.42em)
      set table.cell(breakable: over)
      table(columns: widths, align: aligned.map(a => a + top), inset: (x: 3.2pt, y: 2.6pt),
        stroke: (x: none, bottom: none, top: 0.3pt + pale),
        table.header(table.hline(stroke: 0.9pt + ink), ..head.enumerate().map(((i, c)) =>
          table.cell(align: aligned.at(i) + bottom, c)), table.hline(stroke: 0.5pt + ink)),
        ..cells, table.hline(stroke: 0.9pt + ink))
    }})
  #label(name)]
#let lines(body) = block(width: 100%, fill: rgb("#f6f7f8"), inset: 6pt, radius: 2pt,
  raw(body, block: true))
#let part(kind, body) = {{
  let (tint, rule) = tints.at(kind, default: (none, grey))
  block(width: 100%, above: 12pt, below: 12pt, fill: tint, stroke: (left: 2.2pt + rule),
    inset: (left: 10pt, right: if tint == none {{0pt}} else {{8pt}},
      y: if tint == none {{2pt}} else {{8pt}}), body)
}}
#let here-is(name) = [#metadata(none)#label(name)]
#let opened(title) = block(above: 12pt, below: 6pt, sticky: true, text(weight: 600, title))
#let further(name) = block(below: 8pt, sticky: true, text(size: 8.8pt, fill: grey, {{
  "More in the "
  to(name, "supplement")
  context ", page " + str(counter(page).at(label(name)).first())
  "."
}}))
#let entry(name, number, body) = enum.item(number, at(name, body))
#let turned(body) = page(flipped: true, body)
"""

HEAD = """\
#set page(paper: "a4", margin: (x: 20mm, top: 24mm, bottom: 23mm), header-ascent: 9mm,
  footer-descent: 8mm,
  header: context if here().page() > 1 {{
    set text(size: 8pt, fill: grey)
    block(width: 100%, stroke: (bottom: 0.4pt + pale), inset: (bottom: 4pt),
      {{{short}; h(1fr); {name}}})
  }},
  footer: context {{
    set text(size: 8pt, fill: grey)
    {{{about}; h(1fr); str(here().page()) + " / " + str(counter(page).final().first())}}
  }})
#block(below: 11pt, {{
  show title: set text(size: 21pt, weight: 600, fill: ink)
  show title: set par(leading: 0.35em)
  title()
}})
"""
