"""What a check should say of the ratings in reports: nobody judged, or on other figures."""

from __future__ import annotations

from collections.abc import Mapping

from evidence.errors import Problem
from evidence.report.certainty.result import RatingBlock


def rating_notes(ratings: Mapping[str, RatingBlock]) -> list[Problem]:
    """List what is open in the ratings of questions that have an answer.

    Parameters
    ----------
    ratings : mapping of question id to RatingBlock

    Returns
    -------
    list of Problem
        None of them is an error: first what was judged and is so no more, or in part, then in one
        line what nobody has judged.
    """
    rated = {name: block for name, block in ratings.items() if block.status != "no evidence"}
    found = []
    for name, block in rated.items():
        where = f"data/certainty.yaml judgements.{name}"
        if not block.judged_by:
            continue
        if block.changed:
            what = f"judged on other figures ({'; '.join(block.changed)})"
            right = f"judge again, then set made_on.fingerprint to {block.fingerprint}"
            found.append(Problem(where, what, right))
        left = [domain for domain in block.domains if domain.judged is None]
        if left:
            what = f"{', '.join(domain.domain for domain in left)} not judged"
            reasons = dict.fromkeys(domain.reason.removeprefix("Not judged: ") for domain in left)
            found.append(Problem(where, what, "; ".join(reasons)))
    nobody = [name for name, block in rated.items() if not block.judged_by]
    if nobody:
        what = f"nobody has judged {len(nobody)} of {len(rated)} questions with an answer"
        right = "their certainty is what the rules suggest, and says so"
        found.append(Problem("data/certainty.yaml", what, right))
    return found
