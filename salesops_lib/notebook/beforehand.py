"""What every report reads once: templates, a locale, a font.

The kernels of a batch have this module loaded before their first cell. Nothing
else imports it, and nothing differs where it is not.
"""

from __future__ import annotations

import datetime as dt

from salesops_lib.formats import Formatter
from salesops_lib.fragments import load_templates
from salesops_lib.layout import text_size

__all__: list[str] = []

load_templates()
_show = Formatter()
_show.money(1234567, compact=True)
_show.share(0.5)
_show.date(dt.date(2026, 1, 1))
text_size("0", 9.0)
