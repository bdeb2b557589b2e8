"""Write the pages that are made from code: `python -m tests.records.write_docs`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hub.audit.describe import acts_page
from hub.records.describe import records_page
from hub.records.diagram import lifecycle_page

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGES: Final = {"records.md": records_page, "lifecycle.md": lifecycle_page, "acts.md": acts_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
