"""build_site: from committed reports to a folder of pages, all of them or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from evidence.catalog.project import Project
from evidence.errors import Problem, ReportError
from evidence.models.answer import tell_nobody
from evidence.report.build import swap
from evidence.report.site.data import gather_site
from evidence.report.site.pages import make_pages

# A folder with this file was written here, and may be written anew.
MARK, MARK_TEXT = ".evidence-site", b"Written by evidence site; replaced as a whole.\n"
# GitHub Pages leaves out names that begin with an underscore unless this file is there.
NO_JEKYLL = ".nojekyll"


def build_site(
    project: Project, folder: str | Path, *, tell: Callable[[str], None] = tell_nobody
) -> tuple[str, ...]:
    """Write the evidence site: questions, studies, claims, methods and data.

    The pages need no server and ask for nothing from elsewhere. The same reports and studies give
    the same bytes. The folder is replaced at once or left as it was.

    Parameters
    ----------
    project : Project
        Its committed reports and its studies are shown; nothing is computed anew.
    folder : path
        Where the site goes: a new or empty folder, or one that holds an earlier site.
    tell : function of str, optional
        Is told which step begins.

    Returns
    -------
    tuple of str
        Paths of the files below the folder, in order.

    Raises
    ------
    ReportError
        If there is no report, one cannot be read, or the folder holds something else.
    EvidenceError
        Whatever is wrong with terms or studies.
    """
    place = Path(folder).resolve()
    _require_free(place)
    tell("site: reading reports and studies")
    site = gather_site(project)
    place.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    written = []
    try:
        tell("site: writing pages")
        for path, content in make_pages(site):
            file = staging / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            written.append(path)
        (staging / MARK).write_bytes(MARK_TEXT)
        (staging / NO_JEKYLL).write_bytes(b"")
        staging.chmod(0o755)
        swap(staging, place)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return tuple(sorted([*written, MARK, NO_JEKYLL]))


def _require_free(place: Path) -> None:
    """Refuse to replace what is not a site."""
    if not place.exists():
        return
    right = "name a new folder, an empty one, or one that holds an earlier site"
    if not place.is_dir():
        problem = Problem(str(place), "is a file", right)
    elif any(place.iterdir()) and not (place / MARK).is_file():
        problem = Problem(str(place), "holds files that are no site", right)
    else:
        return
    raise ReportError("the site cannot be written there", [problem])
