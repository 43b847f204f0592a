"""A hundred strings that a study's name should not hold, and yet may."""

STARTS = ("=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "＝", "＋", "－", "＠")
BODIES = (
    "1+1", "cmd|' /C calc'!A0", 'HYPERLINK("http://x.example","go")', "SUM(A1:A9)", "2-1",
)  # fmt: skip
MARKUP = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!DOCTYPE a>", "<!-- x -->",
    "&amp;", "&lt;b&gt;", "&#x0;", "]]>", "<![CDATA[x]]>", "</title>", "{{ 7 * 7 }}", "{% raw %}",
    "${7*7}", "`id`", "$(id)", "; DROP TABLE a;--", "' OR '1'='1", '"', "'", '""', "''", '","',
    "a,b;c\td", "\\", "\\\\", "\\n", "\\input{a}", "\\end{document}", "%", "#", "_", "^", "~",
    "@article{a,", "}", "{", "TY  - JOUR", "ER  - ", "\nER  - \n", "#let x = 1", "*a* _b_ `c`",
)  # fmt: skip
SIGNS = (
    "\x00", "a\x00b", "\x01\x02\x03", "\x07\x08", "\x0b\x0c", "\x1b[31mred", "\x7f", "\x85",
    "\u2028", "\u2029", "\u202eabc", "\u2066a\u2069", "\u200b", "\ufeff", "\ufffe", "\uffff",
    "\ud800", "\udfff", "مرحبا", "שלום", "😀", "é", "e\u0301", "Ω≈ç√∫", "１２３", "a\nb", "a\r\nb",
    "\n", "\t", " ", "a" * 4000, "😀" * 1000, "-0.5", "1e999", "NaN", "NULL", "TRUE", "../../etc",
    "C:\\con", "http://x.example/?a=1&b=2",
)  # fmt: skip
HOSTILE = (
    tuple(f"{start}{body}" for start in STARTS[:6] for body in BODIES)
    + tuple(f"{start}1" for start in STARTS[6:])
    + MARKUP
    + SIGNS
)
assert len(HOSTILE) >= 100
