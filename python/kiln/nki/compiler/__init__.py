"""nki.compiler: kernels as programs, without running them."""

from kiln.nki.compiler import frontend

__all__ = ["frontend"]
