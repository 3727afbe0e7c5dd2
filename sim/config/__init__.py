"""Study files: read, merged, checked. Every leaf of a study knows the file and line that set it.

`load` reads a study and finds every problem in it; `columns.expand` lists its output columns; `resolved_text` writes
the merged study out again; `schema_json` describes study files to editors.
"""

from __future__ import annotations

from sim.config.columns import Column
from sim.config.json_schema import schema_json
from sim.config.load import Reading, load, resolved_text, slug
from sim.config.origins import Origins
from sim.config.schema import Study

__all__ = ["Column", "Origins", "Reading", "Study", "load", "resolved_text", "schema_json", "slug"]
