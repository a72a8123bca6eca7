"""Every form that a canary may come to rest in, as far as we could think of them, found or not."""

from typing import Final

from tests.forms.changes import CHANGES
from tests.forms.cuts import CUTS, FIELDS, FRAGMENTS, STREAMS
from tests.forms.databases import DATABASES
from tests.forms.documents import DOCUMENTS
from tests.forms.encodings import BASES, CHARACTER_SETS, HEXES
from tests.forms.escapes import ESCAPES
from tests.forms.form import Form
from tests.forms.nests import NESTS
from tests.forms.packed import ARCHIVES, COMPRESSIONS, GIT
from tests.forms.wires import WIRES

GROUPS: Final[dict[str, tuple[Form, ...]]] = {
    "Escapes": ESCAPES,
    "Base N": BASES,
    "Hexadecimal and lists of numbers": HEXES,
    "Character sets": CHARACTER_SETS,
    "Changed text": CHANGES,
    "Cut by lines": CUTS,
    "Streamed": STREAMS,
    "Over fields": FIELDS,
    "Fragments": FRAGMENTS,
    "Compressed": COMPRESSIONS,
    "Archives and images": ARCHIVES,
    "Git": GIT,
    "Databases and columns": DATABASES,
    "Messages": WIRES,
    "Documents": DOCUMENTS,
    "Forms in forms": NESTS,
}
FORMS: Final[dict[str, Form]] = {form.name: form for forms in GROUPS.values() for form in forms}
assert len(FORMS) == sum(map(len, GROUPS.values()))
