"""nki.dtype: NKI's data types."""

from kiln._dtypes import BY_NAME as _BY_NAME
from kiln.nki import _names

globals().update(_BY_NAME)
bool_ = _BY_NAME["bool"]

__all__ = [*_BY_NAME, "bool_"]


def __getattr__(name):
    raise _names.unknown("nki.dtype", name, __all__)
