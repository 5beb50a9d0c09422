"""The edits: one visit of the tree, with a rule for each call or name that changed.

A rule gets the call as it stood and as it is after the edits inside it; it returns the new call, or
leaves it and notes why.
"""

import libcst as cst
from libcst import metadata

from kiln.migrate import loops
from kiln.migrate.module import BUFFERS, argument, dotted

_ENUMS = {
    "dge_mode": ("unknown", "swdge", "hwdge", "none"),
    "oob_mode": ("error", "skip"),
}
_RENAMED = {
    "nki.isa.tensor_engine": "nki.isa.engine.tensor",
    "nki.isa.vector_engine": "nki.isa.engine.vector",
    "nki.isa.scalar_engine": "nki.isa.engine.scalar",
    "nki.isa.gpsimd_engine": "nki.isa.engine.gpsimd",
    "nki.isa.unknown_engine": "nki.isa.engine.unknown",
    "nki.language.tile_size.total_available_sbuf_size": "nki.language.tile_size.sbuf_fmax_bytes",
    "nki.language.tile_size.psum_fmax": "nki.language.tile_size.psum_bank_fmax",
}
_REMOVED = {
    "nki.isa.tensor_copy_dynamic_src": "it was removed; use tensor_copy with .ap(scalar_offset=…)",
    "nki.isa.tensor_copy_dynamic_dst": "it was removed; use tensor_copy with .ap(scalar_offset=…)",
}
_NO_SPACE = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


def keyword(name, value):
    return cst.Arg(value=value, keyword=cst.Name(name), equal=_NO_SPACE)


def replaced(args, old, new):
    """The arguments with one exchanged for another."""
    return [new if arg is old else arg for arg in args]


def without(args, *gone):
    """The arguments but some; the last one ends as the last one did."""
    kept = [arg for arg in args if not any(arg is each for each in gone)]
    if kept and kept[-1] is not args[-1]:
        kept[-1] = kept[-1].with_changes(comma=args[-1].comma)
    return kept


def punctuated(args):
    """The arguments with commas between them; their own commas and comments stay."""
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    last = len(args) - 1
    return [
        arg.with_changes(comma=comma)
        if i < last and isinstance(arg.comma, cst.MaybeSentinel)
        else arg
        for i, arg in enumerate(args)
    ]


def appended(call, args, more):
    """The call's arguments and more; where each has a line of its own, so have these."""
    if not args or isinstance(args[-1].comma, cst.MaybeSentinel):
        return punctuated([*args, *more])
    last = args[-1].comma
    between = args[0].comma.whitespace_after if len(args) > 1 else call.whitespace_before_args
    end = last.whitespace_after
    lines = (cst.ParenthesizedWhitespace,)
    if not isinstance(between, lines) or not isinstance(end, lines):
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        return punctuated([*args[:-1], args[-1].with_changes(comma=comma), *more])
    # A comment after the last argument stays with it.
    own = cst.Comma(whitespace_after=between.with_changes(first_line=end.first_line))
    plain = cst.TrailingWhitespace()
    inner = cst.Comma(whitespace_after=between.with_changes(first_line=plain))
    final = cst.Comma(whitespace_after=end.with_changes(first_line=plain))
    return [
        *args[:-1],
        args[-1].with_changes(comma=own),
        *(arg.with_changes(comma=inner) for arg in more[:-1]),
        more[-1].with_changes(comma=final),
    ]


def named(arg, name):
    """A positional argument as a keyword; a keyword as it is."""
    return arg if arg.keyword else arg.with_changes(keyword=cst.Name(name), equal=_NO_SPACE)


def is_none(arg):
    return isinstance(arg.value, cst.Name) and arg.value.value == "None"


class Rewriter(cst.CSTTransformer):
    """Applies all rules; what it does not understand goes to the module's notes."""

    METADATA_DEPENDENCIES = (metadata.ParentNodeProvider,)

    def __init__(self, module):
        super().__init__()
        self._module = module
        self._calls = {
            "nki.isa.affine_select": self._affine_select,
            "nki.isa.dma_compute": self._dma_compute,
            "nki.isa.dma_copy": self._dma_copy,
            "nki.isa.dma_transpose": self._modes,
            "nki.isa.memset": self._memset,
            "nki.isa.nc_matmul": self._nc_matmul,
            "nki.isa.register_move": self._register_move,
            "nki.isa.sendrecv": self._sendrecv,
            "nki.isa.tensor_copy": self._tensor_copy,
            "nki.isa.tensor_reduce": self._tensor_reduce,
            "nki.jit": self._jit,
            "nki.language.affine_range": self._range,
            "nki.language.empty_like": self._buffer,
            "nki.language.full": self._buffer,
            "nki.language.ndarray": self._buffer,
            "nki.language.ones": self._buffer,
            "nki.language.sequential_range": self._range,
            "nki.language.static_range": self._range,
            "nki.language.zeros": self._buffer,
            "nki.language.zeros_like": self._buffer,
        }

    def leave_Call(self, original_node, updated_node):
        memory = self._viewed_memory(original_node)
        if memory:
            return self._view(memory, original_node, updated_node)
        name = self._module.name_of(original_node.func)
        if name in _REMOVED:
            self._module.note(original_node, f"{name.rpartition('.')[2]}: {_REMOVED[name]}")
        if name and name.startswith("nki.isa."):
            updated_node = self._without_mask(original_node, updated_node)
        rule = self._calls.get(name)
        if rule is None:
            return updated_node
        if any(arg.star for arg in original_node.args):
            if self._module.is_beta2:
                self._module.note(original_node, "arguments with * are not looked into")
            return updated_node
        return rule(original_node, updated_node)

    def leave_Attribute(self, original_node, updated_node):
        successor = _RENAMED.get(self._module.name_of(original_node))
        return self._module.expression(successor) if successor else updated_node

    def leave_Name(self, original_node, updated_node):
        if self._module.memory_of(original_node) and not self._is_view_base(original_node):
            self._module.note(
                original_node,
                f"{original_node.value} of NKI beta 2 is used in another way than .view",
            )
        return updated_node

    def leave_Decorator(self, original_node, updated_node):
        """@nki.jit() that lost all its arguments is @nki.jit."""
        before, now = original_node.decorator, updated_node.decorator
        is_jit = isinstance(before, cst.Call) and self._module.name_of(before.func) == "nki.jit"
        if is_jit and before.args and not now.args:
            return updated_node.with_changes(decorator=now.func)
        return updated_node

    def leave_For(self, original_node, updated_node):
        return loops.counted(self._module, original_node, updated_node)

    def leave_While(self, original_node, updated_node):
        return loops.conditional(self._module, original_node, updated_node)

    def _viewed_memory(self, call):
        """The memory, if the call is `sbuf.view(…)` or `sbuf[…].view(…)`."""
        func = call.func
        if not isinstance(func, cst.Attribute) or func.attr.value != "view":
            return None
        base = func.value
        return self._module.memory_of(base.value if isinstance(base, cst.Subscript) else base)

    def _is_view_base(self, name):
        parent = self.get_metadata(metadata.ParentNodeProvider, name)
        if isinstance(parent, cst.Subscript) and parent.value is name:
            parent = self.get_metadata(metadata.ParentNodeProvider, parent)
        return isinstance(parent, cst.Attribute) and parent.attr.value == "view"

    def _view(self, memory, original, call):
        """sbuf.view(dtype, shape, name) to nl.ndarray(…, buffer=nl.sbuf)."""
        names = ("dtype", "shape", "name", "address_rotation")
        if any(arg.star for arg in call.args):
            self._module.note(original, f"{memory}.view with * is not looked into")
            return call
        args = [named(arg, name) for arg, name in zip(call.args, names, strict=False)]
        args += list(call.args[len(names) :])
        for arg in args:
            if arg.keyword.value not in names[:3]:
                self._module.note(
                    original, f"{memory}.view has no successor for {arg.keyword.value}"
                )
                return call
        placed = []
        if isinstance(original.func.value, cst.Subscript):
            address = self._region_start(original)
            if address is None:
                self._module.note(original, "the region is not two plain slices")
                return call
            placed = [keyword("address", address)]
        args = [self._plain_dtype(arg) for arg in args]
        target = "shared_hbm" if memory == "hbm" else memory
        buffer = keyword("buffer", self._module.expression(f"nki.language.{target}"))
        return call.with_changes(
            func=self._module.expression("nki.language.ndarray"),
            args=appended(call, args, [buffer, *placed]),
        )

    def _region_start(self, call):
        """(partition, byte) where sbuf[a:b, c:d] starts; None for other subscripts."""
        elements = call.func.value.slice
        starts = []
        for element in elements:
            index = element.slice
            if not isinstance(index, cst.Slice) or index.step is not None:
                return None
            starts.append(index.lower or cst.Integer("0"))
        if len(starts) != 2:
            return None
        return cst.Tuple([cst.Element(start) for start in starts])

    def _plain_dtype(self, arg):
        """dtype="float32" as nl.float32."""
        if arg.keyword.value != "dtype" or not isinstance(arg.value, cst.SimpleString):
            return arg
        name = arg.value.evaluated_value
        return arg.with_changes(value=self._module.expression(f"nki.language.{name}"))

    def _without_mask(self, original, call):
        mask = argument(call, "mask")
        if mask is None:
            return call
        if is_none(mask):
            return call.with_changes(args=without(call.args, mask))
        self._module.note(original, "mask is gone; slice the tensors instead")
        return call

    def _buffer(self, original, call):
        """buffer="sbuf" to buffer=nl.sbuf."""
        arg = argument(call, "buffer", 2)
        if arg is None or not isinstance(arg.value, cst.SimpleString):
            return call
        name = BUFFERS.get(arg.value.evaluated_value)
        if name is None:
            self._module.note(original, f"{arg.value.value} is no buffer that NKI had")
            return call
        value = self._module.expression(f"nki.language.{name}")
        return call.with_changes(args=replaced(call.args, arg, arg.with_changes(value=value)))

    def _range(self, original, call):
        """nl.static_range(n) to range(n), which it is."""
        if self._module.defines("range") or any(arg.keyword for arg in call.args):
            self._module.note(original, f"{dotted(original.func)} is deprecated; use range")
            return call
        return call.with_changes(func=cst.Name("range"))

    def _modes(self, original, call):
        """dge_mode=2 to nisa.dge_mode.hwdge."""
        for name, members in _ENUMS.items():
            arg = argument(call, name)
            if arg is None or not isinstance(arg.value, cst.Integer):
                continue
            number = int(arg.value.value, 0)
            if number >= len(members):
                self._module.note(original, f"{name} has no {number}")
                continue
            value = self._module.expression(f"nki.isa.{name}.{members[number]}")
            call = call.with_changes(args=replaced(call.args, arg, arg.with_changes(value=value)))
        return call

    def _jit(self, original, call):
        """Takes out what NKI 0.3 removed: mode, and platform_target (the environment's)."""
        for name in ("mode", "platform_target"):
            arg = argument(call, name)
            if arg is None:
                continue
            call = call.with_changes(args=without(call.args, arg))
            if name == "platform_target":
                self._module.note(
                    original,
                    "platform_target is taken out; the target is what "
                    "NEURON_PLATFORM_TARGET_OVERRIDE says",
                )
        return call

    def _affine_select(self, original, call):
        """offset was the third argument."""
        positional = [arg for arg in call.args if arg.keyword is None]
        if not self._module.is_beta2 or len(positional) < 3:
            return call
        offset = positional[2]
        rest = [arg for arg in call.args if arg is not offset]
        return call.with_changes(
            args=punctuated(
                [a.with_changes(comma=cst.MaybeSentinel.DEFAULT) for a in rest]
                + [named(offset, "offset").with_changes(comma=call.args[-1].comma)]
            )
        )

    def _dma_compute(self, original, call):
        """scales came before reduce_op."""
        third, fourth = argument(call, "scales", 2), argument(call, "reduce_op", 3)
        is_old = self._module.is_beta2 or isinstance(
            third and third.value, (cst.List, cst.Tuple, cst.ListComp)
        )
        if third is None or fourth is None or third.keyword or fourth.keyword or not is_old:
            return call
        args = list(call.args)
        args[2] = third.with_changes(value=fourth.value)
        args[3] = fourth.with_changes(value=third.value)
        return call.with_changes(args=args)

    def _dma_copy(self, original, call):
        """Number modes; dst_rmw_op is dma_compute; PSUM cannot be read any more."""
        call = self._modes(original, call)
        src = argument(original, "src", 1)
        if src is not None and self._module.tensor(src.value).memory == "psum":
            self._module.note(original, "dma_copy does not read PSUM; tensor_copy to SBUF first")
        operator, unique = argument(call, "dst_rmw_op", 2), argument(call, "unique_indices")
        if argument(original, "dst_rmw_op") is None and not self._module.is_beta2:
            operator = None
        if operator is None or is_none(operator):
            return call.with_changes(args=without(call.args, operator, unique))
        dst, src = argument(call, "dst", 0), argument(call, "src", 1)
        known = {"dst", "src", "dst_rmw_op", "unique_indices", "name", "oob_mode"}
        others = [a for a in call.args if a.keyword and a.keyword.value not in known]
        if dst is None or src is None or others or not _is_plain(dst.value):
            self._module.note(original, "dst_rmw_op is gone; use dma_compute")
            return call
        sources = cst.List([cst.Element(src.value), cst.Element(dst.value)])
        kept = [argument(call, name) for name in ("unique_indices", "oob_mode", "name")]
        return call.with_changes(
            func=self._module.expression("nki.isa.dma_compute"),
            args=punctuated(
                [
                    keyword("dst", dst.value),
                    keyword("srcs", sources),
                    keyword("reduce_op", operator.value),
                    *(a.with_changes(comma=cst.MaybeSentinel.DEFAULT) for a in kept if a),
                ]
            ),
        )

    def _memset(self, original, call):
        """A float for integers was cut to one."""
        value = argument(call, "value", 1)
        dst = argument(original, "dst", 0)
        if value is None or dst is None or not isinstance(value.value, cst.Float):
            return call
        dtype = self._module.tensor(dst.value).dtype
        if dtype is None:
            if self._module.is_beta2:
                self._module.note(
                    original, f"value is {value.value.value}; a dst of integers takes an integer"
                )
            return call
        if not dtype.startswith(("int", "uint")):
            return call
        number = cst.Integer(str(int(float(value.value.value))))
        return call.with_changes(args=replaced(call.args, value, value.with_changes(value=number)))

    def _nc_matmul(self, original, call):
        arg = argument(call, "is_moving_zero")
        if arg is None:
            return call
        new = arg.with_changes(keyword=cst.Name("is_moving_onezero"))
        return call.with_changes(args=replaced(call.args, arg, new))

    def _register_move(self, original, call):
        arg = argument(call, "imm")
        if arg is None:
            return call
        new = arg.with_changes(keyword=cst.Name("src"))
        return call.with_changes(args=replaced(call.args, arg, new))

    def _sendrecv(self, original, call):
        """use_gpsimd_dma=True to dma_engine=nisa.dma_engine.gpsimd_dma."""
        arg = argument(call, "use_gpsimd_dma")
        if arg is None:
            return call
        chosen = {"True": "gpsimd_dma", "False": "dma"}.get(dotted(arg.value))
        if chosen is None:
            self._module.note(original, "use_gpsimd_dma is neither True nor False")
            return call
        value = self._module.expression(f"nki.isa.dma_engine.{chosen}")
        new = arg.with_changes(keyword=cst.Name("dma_engine"), value=value)
        return call.with_changes(args=replaced(call.args, arg, new))

    def _tensor_copy(self, original, call):
        dtype = argument(call, "dtype")
        if dtype is None:
            return call
        if is_none(dtype):
            return call.with_changes(args=without(call.args, dtype))
        self._module.note(original, "dtype is gone; dst has the type that is written")
        return call

    def _tensor_reduce(self, original, call):
        """Axis 1 was the last axis."""
        axis, data = argument(call, "axis", 3), argument(original, "data", 2)
        is_one = axis is not None and isinstance(axis.value, cst.Integer)
        if not self._module.is_beta2 or not is_one or axis.value.value != "1" or data is None:
            return call
        rank = self._module.tensor(data.value).rank
        if rank is None:
            self._module.note(original, "axis 1 was the last axis; it is axis 1 now")
        elif rank > 2:
            new = axis.with_changes(value=cst.Integer(str(rank - 1)))
            return call.with_changes(args=replaced(call.args, axis, new))
        return call


def _is_plain(node):
    """Whether an expression can stand twice: names, attributes and subscripts, no calls."""
    if isinstance(node, cst.Call):
        return False
    return all(_is_plain(child) for child in node.children)
