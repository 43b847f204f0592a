"""From R's words to ours: calls, formulas of moderators and of random terms, and level orders."""

import re

import numpy as np
import pandas as pd
from comparison import NotOfferedError

FUNCTIONS = {
    "mean": lambda x: float(np.mean(x)), "sd": lambda x: float(np.std(x, ddof=1)),
    "min": np.min, "max": np.max, "median": np.median, "sqrt": np.sqrt, "log": np.log,
    "exp": np.exp, "abs": np.abs, "log2": np.log2, "log10": np.log10,
    "as_numeric": lambda x: np.asarray(x, dtype=float),
    "scale": lambda x, center=True, scale=True: (
        (x - (np.mean(x) if center else 0)) / (np.std(x, ddof=1) if scale else 1)
    ),
}  # fmt: skip
WORDS = {"TRUE": True, "FALSE": False, "NULL": None}


def split_top(text: str, separator: str = ",") -> list[str]:
    """Split at separators that stand outside brackets and quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for i, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif letter == separator and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return [part for part in [*parts, text[start:].strip()] if part]


def arguments(call: str) -> tuple[list[str], dict[str, str]]:
    """Positional and named arguments of a call, as text."""
    inside = call[call.index("(") + 1 : call.rindex(")")]
    positional, named = [], {}
    for part in split_top(inside):
        found = re.match(r"^([A-Za-z_.][\w.]*)\s*=(?!=)\s*(.*)$", part, re.DOTALL)
        if found:
            named[found[1]] = found[2].strip()
        else:
            positional.append(part)
    return positional, named


def vector(text: str) -> list[str]:
    """Elements of ``c(...)``, ``list(...)`` or of one value, without quotes."""
    found = re.match(r"^(?:c|list)\((.*)\)$", text.strip(), re.DOTALL)
    parts = split_top(found[1]) if found else [text.strip()]
    return [part.strip("\"' ") for part in parts]


def number(text: str) -> float | None:
    """A number such as ``1/2``; None for NA."""
    if text.strip() in ("NA", "NA_real_"):
        return None
    if not re.fullmatch(r"[\d.eE+\-/* ()]+", text):
        raise NotOfferedError(f"not a number: {text!r}")
    return float(eval(text, {"__builtins__": {}}))


def random_terms(text: str) -> list[str]:
    """Right sides of the random terms, without functions: ``1 | a/b``, ``outcome | study``."""
    parts = vector(text) if text.strip().startswith("list(") else [text]
    plain = [part.strip().removeprefix("~").strip() for part in parts]
    return [re.sub(r"\b(?:as\.)?factor\((\w+)\)", r"\1", part) for part in plain]


def evaluated(expression: str, frame: pd.DataFrame) -> np.ndarray:
    """Value of an R expression of columns: arithmetic and the functions above."""
    text = expression.replace("^", "**").replace("as.numeric", "as_numeric")
    names = {str(name): frame[name].to_numpy() for name in frame.columns} | FUNCTIONS | WORDS
    try:
        value = eval(text, {"__builtins__": {}}, names)
    except (NameError, SyntaxError, TypeError) as error:
        raise NotOfferedError(f"cannot evaluate {expression!r}: {error}") from None
    return np.broadcast_to(np.asarray(value, dtype=float), (len(frame),))


def _calls(text: str) -> list[str]:
    """Calls ``f(...)`` of a formula, outermost."""
    found, at = [], 0
    while match := re.compile(r"\b([A-Za-z.][\w.]*)\(").search(text, at):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        found.append(text[match.start() : end])
        at = end
    return found


class Translated:
    """A formula in our words, its frame, and the R name of each column our design has."""

    def __init__(self, formula: str, frame: pd.DataFrame, names: list[str]) -> None:
        text = formula.strip().removeprefix("~").strip()
        text = re.sub(r"(^|[^\w.])0\s*\+", r"\1", text) + (
            " - 1" if re.search(r"(^|[^\w.])0\s*\+", text) else ""
        )
        self.frame, self.original = frame.copy(), {}
        for i, call in enumerate(_calls(text)):
            column = f"call{i}"
            inside = call[call.index("(") + 1 : -1]
            if re.match(r"(as\.)?factor\(", call):
                levels = sorted(frame[inside].unique().tolist())
                self.frame[column] = pd.Categorical(frame[inside], levels)
            else:
                value = inside if call.startswith("I(") else call
                self.frame[column] = evaluated(value, frame)
            self.original[column] = call
            text = text.replace(call, column, 1)
        self.formula = f"~ {text}".replace("^", "**")
        for column in set(re.findall(r"[A-Za-z_.][\w.]*", text)) & set(self.frame.columns):
            self._order(column, names)

    def _order(self, column: str, names: list[str]) -> None:
        """Order levels of words as the names show: the level that never appears comes first."""
        values = self.frame[column]
        if pd.api.types.is_numeric_dtype(values.dtype):
            return
        label = self.original.get(column, column)
        levels = sorted(values.unique().tolist(), key=lambda x: (str(x).casefold(), str(x)))
        if isinstance(values.dtype, pd.CategoricalDtype):
            levels = values.cat.categories.tolist()
        main = [name for name in names if ":" not in name]
        shown = [x for name in main for x in levels if name == f"{label}{x}"]
        if not shown:
            parts = [part for name in names for part in name.split(":")]
            shown = list(dict.fromkeys(x for p in parts for x in levels if p == f"{label}{x}"))
        if shown:
            levels = [x for x in levels if x not in shown] + shown
        self.frame[column] = pd.Categorical(values, levels)

    def r_name(self, ours: str) -> str:
        """R's name of one of our columns."""
        if ours == "intercept":
            return "intrcpt"
        parts = []
        for part in ours.split(":"):
            found = re.fullmatch(r"(.*?)\[(?:T\.)?(.*)\]", part)
            column, level = (found[1], found[2]) if found else (part, "")
            parts.append(self.original.get(column, column) + level)
        return ":".join(parts)
