"""The look of a Word document: styles by Word's own names, lists, settings, pages."""

from __future__ import annotations

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NAMESPACES = (
    f'xmlns:w="{W}" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
)
LANGUAGE = "en-GB"
INK, SOFT, LINE, TINT, ACCENT = "1A1A1A", "555555", "CFCFCF", "F3F5F8", "0B5C8E"
FONT, MONO = "Calibri", "Consolas"
# A4 in twentieths of a point, 2 cm of margin.
LONG_SIDE, SHORT_SIDE, MARGIN = 16838, 11906, 1134
UPRIGHT, LANDSCAPE = SHORT_SIDE - 2 * MARGIN, LONG_SIDE - 2 * MARGIN
# Room for a figure above its caption.
TALL, FLAT = LANDSCAPE - 1700, UPRIGHT - 1700
BULLET = 227  # indent of a list's words
HANGING = '<w:ind w:left="{0}" w:hanging="{0}"/>'


def _spacing(before: int, after: int = 0, line: int = 259) -> str:
    pairs = f'w:before="{before}" w:after="{after}" w:line="{line}" w:lineRule="auto"'
    return f"<w:spacing {pairs}/>"


def _size(points: float, more: str = "") -> str:
    half = round(2 * points)
    return f'{more}<w:sz w:val="{half}"/><w:szCs w:val="{half}"/>'


def _colour(value: str) -> str:
    return f'<w:color w:val="{value}"/>'


def _mono(points: float) -> str:
    fonts = f'<w:rFonts w:ascii="{MONO}" w:hAnsi="{MONO}" w:cs="{MONO}"/>'
    return f"{fonts}<w:noProof/>{_size(points)}"


_TITLES = "<w:keepNext/><w:keepLines/><w:suppressAutoHyphens/>"
_TABLE_END = f'<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="{UPRIGHT}"/></w:tabs>'
# id, name, based on, followed by, paragraph, letters. Names are Word's own where it has one.
_PARAGRAPHS = (
    ("Normal", "Normal", "", "", f"<w:suppressAutoHyphens/>{_spacing(120)}", ""),
    ("Title", "Title", "Normal", "Normal",
     f"{_TITLES}{_spacing(0, 60, 240)}", f"<w:b/>{_size(20)}"),
    ("Subtitle", "Subtitle", "Normal", "Normal", _spacing(60, 60), _size(11.5, _colour(SOFT))),
    ("Heading1", "heading 1", "Normal", "Normal",
     f"{_TITLES}{_spacing(400, 60, 240)}<w:outlineLvl w:val=\"0\"/>", f"<w:b/>{_size(15)}"),
    ("Heading2", "heading 2", "Normal", "Normal",
     f"{_TITLES}{_spacing(300, 40, 240)}<w:outlineLvl w:val=\"1\"/>", f"<w:b/>{_size(12)}"),
    ("Heading3", "heading 3", "Normal", "Normal",
     f"{_TITLES}{_spacing(240, 20, 240)}<w:outlineLvl w:val=\"2\"/>", f"<w:b/>{_size(10.5)}"),
    ("TOCHeading", "TOC Heading", "Normal", "Normal",
     f"{_TITLES}{_spacing(320, 40, 240)}", f"<w:b/>{_size(12)}"),
    ("TOC1", "toc 1", "Normal", "Normal", f"{_TABLE_END}{_spacing(60)}", ""),
    ("TOC2", "toc 2", "Normal", "Normal",
     f'{_TABLE_END}{_spacing(10)}<w:ind w:left="284"/>', _size(9.5)),
    ("Lead", "Lead", "Normal", "Normal", _spacing(120), _size(11)),
    ("Finding", "Finding", "Normal", "Normal", _spacing(60), "<w:b/>"),
    ("Line", "Line", "Normal", "", _spacing(20), _size(9)),
    ("Small", "Small", "Normal", "Normal", _spacing(60), _size(8.5, _colour(SOFT))),
    ("ListBullet", "List Bullet", "Normal", "",
     '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
     f"{_spacing(30)}{HANGING.format(BULLET)}", _size(9.5)),
    ("Caption", "caption", "Normal", "Normal", f"<w:keepLines/>{_spacing(200, 60)}", _size(9)),
    ("FigureCaption", "Figure Caption", "Caption", "Normal", _spacing(60, 120), ""),
    ("Figure", "Figure", "Normal", "FigureCaption", f"<w:keepNext/>{_spacing(160, 0, 240)}", ""),
    ("TableText", "Table Text", "Normal", "",
     f'<w:suppressAutoHyphens w:val="0"/>{_spacing(0, 0, 240)}', _size(8)),
    ("TableNumber", "Table Number", "TableText", "",
     '<w:suppressAutoHyphens/><w:jc w:val="right"/>', ""),
    ("TableHead", "Table Head", "TableText", "", "<w:keepNext/>", "<w:b/>"),
    ("TableHeadNumber", "Table Head Number", "TableHead", "", '<w:jc w:val="right"/>', ""),
    ("Preformatted", "HTML Preformatted", "Normal", "",
     f"{_spacing(80, 0, 240)}<w:jc w:val=\"left\"/>", _mono(7.5)),
    ("Bibliography", "Bibliography", "Normal", "",
     f'<w:tabs><w:tab w:val="left" w:pos="425"/></w:tabs>{_spacing(50)}{HANGING.format(425)}',
     _size(9)),
    ("Footer", "footer", "Normal", "", _spacing(0, 0, 240), _size(8, _colour(SOFT))),
    ("SectionEnd", "Section End", "Normal", "",
     '<w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>', _size(1)),
)  # fmt: skip
_LETTERS = (
    ("Strong", "Strong", "<w:b/>"),
    ("Hyperlink", "Hyperlink", _colour(ACCENT)),
    ("Citation", "Citation", f'{_colour(ACCENT)}<w:vertAlign w:val="superscript"/>'),
    ("Literally", "Literally", _mono(8.5)),
    ("Tag", "Tag", f'{_colour(SOFT)}{_size(8)}<w:bdr w:val="single" w:sz="4" w:space="0" '
                   f'w:color="{LINE}"/>'),
)  # fmt: skip


def styles_xml() -> str:
    """Write all styles: built-in ones under Word's names, so that its own commands find them."""
    fonts = f'w:ascii="{FONT}" w:hAnsi="{FONT}" w:cs="{FONT}"'
    language = f'<w:lang w:val="{LANGUAGE}" w:eastAsia="{LANGUAGE}" w:bidi="ar-SA"/>'
    letters = f"<w:rFonts {fonts}/>{_size(10, _colour(INK))}{language}"
    default = f"<w:docDefaults><w:rPrDefault><w:rPr>{letters}</w:rPr></w:rPrDefault>"
    default += "<w:pPrDefault/></w:docDefaults>"
    made = [_paragraph_style(*style) for style in _PARAGRAPHS]
    made.append(_base("character", "DefaultParagraphFont", "Default Paragraph Font", ""))
    made += [
        f'<w:style w:type="character"{_custom(key)} w:styleId="{key}"><w:name w:val="{name}"/>'
        f'<w:basedOn w:val="DefaultParagraphFont"/><w:qFormat/><w:rPr>{look}</w:rPr></w:style>'
        for key, name, look in _LETTERS
    ]
    margins = "".join(
        f'<w:{side} w:w="{80 if side in ("left", "right") else 0}" w:type="dxa"/>'
        for side in ("top", "left", "bottom", "right")
    )
    plain = f'<w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar>{margins}</w:tblCellMar>'
    made.append(_base("table", "TableNormal", "Normal Table", f"{plain}</w:tblPr>"))
    made += [_table_style(), _base("numbering", "NoList", "No List", "")]
    return f"<w:styles {NAMESPACES}>{default}{''.join(made)}</w:styles>"


def _base(kind: str, key: str, name: str, inside: str) -> str:
    head = f'<w:style w:type="{kind}" w:default="1" w:styleId="{key}"><w:name w:val="{name}"/>'
    return f"{head}{inside}</w:style>"


def _paragraph_style(key: str, name: str, base: str, then: str, lines: str, look: str) -> str:
    default = ' w:default="1"' if key == "Normal" else ""
    based = f'<w:basedOn w:val="{base}"/>' if base else ""
    followed = f'<w:next w:val="{then}"/>' if then else ""
    return (
        f'<w:style w:type="paragraph"{default}{_custom(key)} w:styleId="{key}">'
        f'<w:name w:val="{name}"/>{based}{followed}<w:qFormat/><w:pPr>{lines}</w:pPr>'
        f"<w:rPr>{look}</w:rPr></w:style>"
    )


_OWN = (
    "Lead", "Finding", "Line", "Small", "FigureCaption", "Figure", "TableText", "TableNumber",
    "TableHead", "TableHeadNumber", "SectionEnd", "Citation", "Literally", "Tag",
)  # fmt: skip


def _custom(key: str) -> str:
    return ' w:customStyle="1"' if key in _OWN else ""


def _table_style() -> str:
    """Three rules and hair lines: nothing that a printer turns into grey bars."""

    def rule(side: str, width: int, colour: str) -> str:
        return f'<w:{side} w:val="single" w:sz="{width}" w:space="0" w:color="{colour}"/>'

    borders = rule("top", 8, INK) + rule("bottom", 8, INK) + rule("insideH", 4, LINE)
    margins = "".join(
        f'<w:{side} w:w="{width}" w:type="dxa"/>'
        for side, width in (("top", 28), ("left", 80), ("bottom", 28), ("right", 80))
    )
    head = f"<w:tcBorders>{rule('bottom', 6, INK)}</w:tcBorders>"
    return (
        '<w:style w:type="table" w:customStyle="1" w:styleId="EvidenceTable">'
        '<w:name w:val="Evidence Table"/><w:basedOn w:val="TableNormal"/><w:qFormat/>'
        f'<w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblBorders>{borders}</w:tblBorders>'
        f"<w:tblCellMar>{margins}</w:tblCellMar></w:tblPr>"
        f'<w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr><w:tcPr>{head}'
        '<w:vAlign w:val="bottom"/></w:tcPr></w:tblStylePr></w:style>'
    )


def numbering_xml() -> str:
    """Write the one list there is: bullets."""
    level = (
        '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/>'
        '<w:pStyle w:val="ListBullet"/><w:lvlText w:val="&#8226;"/><w:lvlJc w:val="left"/>'
        f"<w:pPr>{HANGING.format(BULLET)}</w:pPr></w:lvl>"
    )
    return (
        f'<w:numbering {NAMESPACES}><w:abstractNum w:abstractNumId="0">'
        f'<w:multiLevelType w:val="singleLevel"/>{level}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )


def settings_xml() -> str:
    """Write the settings; nothing is updated on opening, as Word asks the reader first."""
    compat = "".join(
        f'<w:compatSetting w:name="{name}" w:uri="http://schemas.microsoft.com/office/word" '
        f'w:val="{value}"/>'
        for name, value in (
            ("compatibilityMode", 15),
            ("overrideTableStyleFontSizeAndJustification", 1),
            ("enableOpenTypeFeatures", 1),
            ("doNotFlipMirrorIndents", 1),
        )
    )
    return (
        f'<w:settings {NAMESPACES}><w:zoom w:percent="100"/><w:defaultTabStop w:val="720"/>'
        "<w:autoHyphenation/><w:doNotHyphenateCaps/>"
        '<w:characterSpacingControl w:val="doNotCompress"/>'
        f'<w:compat>{compat}</w:compat><w:themeFontLang w:val="{LANGUAGE}"/>'
        '<w:decimalSymbol w:val="."/><w:listSeparator w:val=","/></w:settings>'
    )


def section_xml(footer: str, *, landscape: bool) -> str:
    """Write the page of a section; ``footer`` is the relation of its footer."""
    wide, high = (LONG_SIDE, SHORT_SIDE) if landscape else (SHORT_SIDE, LONG_SIDE)
    turned = ' w:orient="landscape"' if landscape else ""
    margins = " ".join(f'w:{side}="{MARGIN}"' for side in ("top", "right", "bottom", "left"))
    return (
        f'<w:sectPr><w:footerReference w:type="default" r:id="{footer}"/>'
        f'<w:type w:val="nextPage"/><w:pgSz w:w="{wide}" w:h="{high}"{turned}/>'
        f'<w:pgMar {margins} w:header="567" w:footer="567" w:gutter="0"/></w:sectPr>'
    )
