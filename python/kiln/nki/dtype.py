"""nki.dtype: NKI's data types."""

from kiln._dtypes import BY_NAME as _BY_NAME

globals().update(_BY_NAME)
bool_ = _BY_NAME["bool"]

__all__ = [*_BY_NAME, "bool_"]
