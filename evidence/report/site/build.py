"""build_site: from committed reports to a folder of pages, all of them or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from evidence.catalog.project import Project
from evidence.errors import Problem, ReportError
from evidence.models.answer import tell_nobody
from evidence.report.build import swap
from evidence.report.site.data import gather_site
from evidence.report.site.pages import make_pages

# A folder with this file was written here, and may be written anew if it holds nothing else than
# the files that stand below the first line.
MARK, MARK_TEXT = ".evidence-site", "Written by evidence site; replaced as a whole. Its files:"
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
        Where the site goes: a new or empty folder, or one that holds an earlier site and nothing
        else; not in the project's reports, data or analyses.
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
    place = _place(project, folder)
    _require_free(place)
    tell("site: reading reports and studies")
    site = gather_site(project)
    staging = _staging(place)
    try:
        tell("site: writing pages")
        written = _write(staging, make_pages(site))
        staging.chmod(0o755)
        swap(staging, place)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return written


def _write(staging: Path, pages: Iterable[tuple[str, bytes]]) -> tuple[str, ...]:
    """Write the pages, and the mark with the list of them; nothing outside the folder."""
    written = {MARK, NO_JEKYLL}
    (staging / NO_JEKYLL).write_bytes(b"")
    for path, content in pages:
        file = (staging / path).resolve()
        if staging.resolve() not in file.parents or path in written:
            what = "stands outside the site" if path not in written else "is written twice"
            problem = Problem(path, what, "give reports and their files other names")
            raise ReportError("the site cannot be written", [problem])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        written.add(path)
    listed = tuple(sorted(written))
    (staging / MARK).write_bytes(os.fsencode("\n".join((MARK_TEXT, *listed, ""))))
    return listed


def _place(project: Project, folder: str | Path) -> Path:
    """Where the site goes, links followed; never among what it is made of."""
    try:
        place = Path(folder).resolve()
        looped = place.is_symlink()
    except (OSError, RuntimeError, ValueError):
        looped = True
    if looped:
        raise _refusal(str(folder), "is no path that can be followed", "name a new folder")
    for own in (project.reports_folder, project.root / "data", project.analyses_folder):
        if place.is_relative_to(own.resolve()):
            right = "name a folder outside of reports, data and analyses"
            raise _refusal(str(place), f"stands in {own}, which the site is made of", right)
    return place


def _staging(place: Path) -> Path:
    """A new folder beside the place."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    except OSError as error:
        right = "name a folder that can be written"
        raise _refusal(str(place), f"cannot be made: {error}", right) from None


def _require_free(place: Path) -> None:
    """Refuse to replace what is not a site, or holds something besides."""
    right = "name a new folder, an empty one, or one that holds an earlier site"
    try:
        if not place.exists():
            return
        if not place.is_dir():
            raise _refusal(str(place), "is a file", right)
        found = sorted(_entries(place))
        if not found:
            return
        if not (place / MARK).is_file():
            raise _refusal(str(place), "holds files that are no site", right)
        listed = set(os.fsdecode((place / MARK).read_bytes()).split("\n")[1:])
    except OSError as error:
        raise _refusal(str(place), f"cannot be read: {error}", right) from None
    above = {f"{parent}/" for path in listed for parent in Path(path).parents}
    others = [path for path in found if path not in listed | above]
    if others:
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        what = f"holds what is not of the site: {', '.join(others[:3])}{more}"
        raise _refusal(str(place), what, "move that elsewhere, or name a new folder")


def _entries(folder: Path) -> Iterator[str]:
    """Paths of all that a folder holds; those of folders end with a slash; links stand as files."""

    def stop(error: OSError) -> None:
        raise error

    for top, folders, files in os.walk(folder, onerror=stop):
        here = Path(top)
        for name in (*folders, *files):
            path = here / name
            told = path.relative_to(folder).as_posix()
            yield f"{told}/" if path.is_dir() and not path.is_symlink() else told


def _refusal(where: str, what: str, right: str) -> ReportError:
    return ReportError("the site cannot be written there", [Problem(where, what, right)])
