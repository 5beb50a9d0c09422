// The kinds of diagnostics that recording and parsing report. Those of a later reader stand in its
// own diagnostic_kinds.h; session/diagnostic_registry.h has them all. Adding one: docs/how_to/.
#pragma once

#include <array>

#include "kiln/base/diagnostic.h"

namespace kiln::diag {

using enum Severity;

// Views and storages.
inline constexpr DiagnosticKind view_out_of_range{
    "view_out_of_range", error, "a view must stay inside the tensor it looks at",
    "t[:, 0:600]  # t is (128, 512)", "slice at most what the dimension has"};
inline constexpr DiagnosticKind bad_view{
    "bad_view", error, "the view operation does not fit the tensor's shape or layout",
    "t.reshape((128, 500))  # t is (128, 512)",
    "use a shape with the same number of elements, on dimensions that lie without gaps"};
inline constexpr DiagnosticKind bad_shape{
    "bad_shape", error, "a tensor has one or more dimensions, each of size one or more",
    "nl.ndarray((128, 0), nl.float32, buffer=nl.sbuf)",
    "give every dimension a size of one or more"};
inline constexpr DiagnosticKind partition_count{
    "partition_count", error, "an on-chip tensor has at most as many partitions as the memory",
    "nl.ndarray((256, 512), nl.float32, buffer=nl.sbuf)",
    "split dimension 0 into tiles of at most 128 partitions"};
inline constexpr DiagnosticKind tensor_too_large{
    "tensor_too_large", error, "an on-chip tensor must fit in one partition of its memory",
    "nl.ndarray((128, 65536), nl.float32, buffer=nl.sbuf)",
    "split the free dimensions into tiles, or use a narrower type"};

// Operands of instructions.
inline constexpr DiagnosticKind unknown_argument{
    "unknown_argument", error, "an instruction takes only the arguments in its documentation",
    "nisa.tensor_copy(dst=y, source=x)", "use the argument's documented name"};
inline constexpr DiagnosticKind missing_argument{
    "missing_argument", error, "an argument without a default must be given",
    "nisa.tensor_tensor(dst=y, data1=a, op=nl.add)", "give the argument"};
inline constexpr DiagnosticKind bad_argument{
    "bad_argument", error, "an argument has a type or value the instruction does not take",
    "nisa.memset(dst=t, value='zero')", "give a value of the documented type and range"};
inline constexpr DiagnosticKind wrong_memory{
    "wrong_memory", error, "each operand must live in a memory that the engine can reach",
    "nisa.nc_matmul(dst=sbuf_tile, stationary=a, moving=b)",
    "copy the tile to a memory that the engine can reach"};
inline constexpr DiagnosticKind partition_mismatch{
    "partition_mismatch", error, "operands of one instruction use the same number of partitions",
    "nisa.tensor_tensor(dst=y, data1=a[0:64], data2=b, op=nl.add)",
    "give the operands the same number of partitions"};
inline constexpr DiagnosticKind size_mismatch{
    "size_mismatch", error, "operands have matching numbers of elements",
    "nisa.tensor_tensor(dst=y, data1=a[:, 0:100], data2=b, op=nl.add)",
    "give the operands the same number of elements"};
inline constexpr DiagnosticKind dtype_mismatch{
    "dtype_mismatch", error, "the instruction does not take this data type here",
    "nisa.nc_matmul(dst=p, stationary=int32_tile, moving=b)",
    "copy the tile to one of a type that the instruction takes"};
inline constexpr DiagnosticKind tile_too_large{
    "tile_too_large", error, "a tile must not exceed what the engine takes in one instruction",
    "nisa.nc_matmul(dst=p, stationary=a, moving=b)  # b is (128, 1024)",
    "split the tile into several instructions"};
inline constexpr DiagnosticKind start_partition{
    "start_partition", error, "engines start at partition 0, 32, 64 or 96, depending on the size",
    "nisa.tensor_copy(dst=y, src=x[16:48])",
    "start at partition 0, 32, 64 or 96, or move the rows by DMA"};
inline constexpr DiagnosticKind bad_operator{
    "bad_operator", error, "the engine does not have this operator in this instruction",
    "nisa.tensor_tensor(dst=y, data1=a, data2=b, op=nl.exp)",
    "use an operator of the instruction's list, or another instruction"};
inline constexpr DiagnosticKind wrong_engine{
    "wrong_engine", error, "the instruction does not run on this engine",
    "nisa.tensor_tensor(dst=y, data1=a, data2=b, op=nl.add, engine=nisa.scalar_engine)",
    "leave `engine` out, or name one that has the instruction"};
inline constexpr DiagnosticKind wrong_generation{
    "wrong_generation", error, "the target generation does not have this feature",
    "nisa.nc_matmul_mx(...)  # for trn2",
    "choose another target, or an instruction that this one has"};

inline constexpr DiagnosticKind dma_pattern{
    "dma_pattern", error, "a DMA moves elements in patterns that its descriptors can express",
    "nisa.dma_transpose(dst=y, src=x)  # rows of x do not start at a multiple of 32 bytes",
    "use a pattern with fewer dimensions and aligned rows, or move through a contiguous tile"};
inline constexpr DiagnosticKind misaligned{
    "misaligned", error, "an on-chip address is aligned as the memory and the engine want it",
    "nisa.nc_matmul(dst=psum_bf16[:, 1:129], stationary=a, moving=b)",
    "start at an element whose byte address is a multiple of the alignment"};

inline constexpr DiagnosticKind may_not_build{
    "may_not_build", warning,
    "the compiler was seen to refuse this, or its release notes say so, for some target or release",
    "nl.add(wide, column)  # (128, 512) and (128, 1)", "use the form that the message names"};

// Structure of programs.
inline constexpr DiagnosticKind bad_loop{
    "bad_loop", error, "loops are properly nested and advance by a positive step",
    "for i in nl.dynamic_range(0, 8, -1): ...",
    "give the loop a positive step, and close it before what encloses it"};
inline constexpr DiagnosticKind bad_register{
    "bad_register", error, "a register is allocated before it is used",
    "nisa.register_move(dst=None, imm=3)", "make the register by nisa.register_alloc"};

inline constexpr DiagnosticKind left_loop{
    "left_loop", error, "a tensor allocated inside a loop of the device is used only there",
    "for i in nl.dynamic_range(4): t = nl.load(a)  # and then nl.store(out, t)",
    "allocate the tensor before the loop"};
inline constexpr DiagnosticKind duplicate_name{
    "duplicate_name", error, "a name stands for one tensor, or one instruction, of a kernel",
    "for i in range(2): t = nl.ndarray((128, 512), nl.float32, name='t')",
    "put the loop's index into the name, or leave the name out"};

inline constexpr DiagnosticKind unshared_barrier{
    "unshared_barrier", warning, "a core barrier orders accesses to memory that the cores share",
    "nisa.core_barrier(data=sbuf_tile, cores=(0, 1))", "give a tensor in nl.shared_hbm"};

inline constexpr DiagnosticKind bad_dependency{
    "bad_dependency", error,
    "an instruction waits for an earlier one, which is not in a loop that has ended",
    "kernel.with_schedule([('first', 'second')])  # first comes first",
    "name an instruction that comes earlier in the same loop or outside of it"};

inline constexpr std::array all{
    &view_out_of_range, &bad_view,         &bad_shape,      &partition_count, &tensor_too_large,
    &unknown_argument,  &missing_argument, &bad_argument,   &wrong_memory,    &partition_mismatch,
    &size_mismatch,     &dtype_mismatch,   &tile_too_large, &start_partition, &bad_operator,
    &wrong_engine,      &wrong_generation, &bad_loop,       &bad_register,    &unshared_barrier,
    &bad_dependency,    &dma_pattern,      &misaligned,     &may_not_build,   &left_loop,
    &duplicate_name,
};

}  // namespace kiln::diag
