"""Files that are drawn from the code: the wire's schemas, the site file's schema, the lifecycle diagram.

`make schemas` writes them; tests hold them equal to the code.
"""

from collections.abc import Mapping
from pathlib import Path

from lambdastation.export import export_wsdl, export_xsd
from pathservice.sitefile import site_schema
from reservation.lifecycle import mermaid

ROOT = Path(__file__).resolve().parent.parent

LIFECYCLE_PAGE = """# Lifecycle of a reservation

Drawn from the table of moves in `reservation/lifecycle.py`; `make schemas` writes this page.

```mermaid
{diagram}```

RELEASED carries an outcome: `completed`, `cancelled` or `failed`. What never was ACTIVE never
ends `completed`.
"""


def exports() -> Mapping[str, str]:
    """Every drawn file, by its path below the project's root, as it should be."""
    return {
        "docs/lifecycle.md": LIFECYCLE_PAGE.format(diagram=mermaid()),
        "schemas/lambdastation.wsdl": export_wsdl(),
        "schemas/lambdastation.xsd": export_xsd(),
        "schemas/site.schema.json": site_schema(),
    }


def main() -> None:
    """Write them all."""
    for name, text in exports().items():
        (ROOT / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
