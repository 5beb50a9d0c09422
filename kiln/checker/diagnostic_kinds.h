// The kinds of diagnostics that the checker reports about a whole program, and about its execution.
#pragma once

#include <array>

#include "kiln/base/diagnostic.h"

namespace kiln::diag {

// Memory that nobody wrote.
inline constexpr DiagnosticKind uninitialised_read{
    "uninitialised_read", Severity::error, "what nobody wrote must not reach a result",
    "t = nl.ndarray((128, 8), nl.float32, buffer=nl.sbuf); nisa.dma_copy(dst=out, src=t)",
    "write the elements first, by nisa.dma_copy or nisa.memset"};
inline constexpr DiagnosticKind unwritten_operand{
    "unwritten_operand", Severity::warning,
    "an instruction reads elements that nobody wrote, and on the device finds what was there",
    "nisa.dma_copy(dst=t[0:96], src=x); nisa.activation(dst=y, data=t, op=nl.exp)",
    "read only the elements that were written, or write the rest by nisa.memset"};
inline constexpr DiagnosticKind output_unwritten{
    "output_unwritten", Severity::error, "a kernel writes what it returns",
    "out = nl.ndarray(x.shape, x.dtype, buffer=nl.shared_hbm); return out",
    "copy the result to the tensor before it is returned"};
inline constexpr DiagnosticKind output_partly_written{
    "output_partly_written", Severity::warning, "a kernel writes all of what it returns",
    "nisa.dma_copy(dst=out[0:64], src=t); return out  # out has 128 rows",
    "write the rest, or return a smaller tensor"};

// Accumulation in PSUM.
inline constexpr DiagnosticKind accumulate_unwritten{
    "accumulate_unwritten", Severity::error,
    "a matmul that accumulates adds to what an earlier instruction wrote",
    "p = nl.ndarray((128, 512), nl.float32, buffer=nl.psum); "
    "nisa.nc_matmul(dst=p, stationary=a, moving=b, accumulate=True)",
    "let the first matmul overwrite: accumulate=False, or leave it out"};
inline constexpr DiagnosticKind accumulate_after_read{
    "accumulate_after_read", Severity::warning,
    "an accumulation group is read when it is complete, and a new one starts by overwriting",
    "for i in range(4): nisa.nc_matmul(dst=p, stationary=a[i], moving=b); nisa.tensor_copy(y[i], "
    "p)",
    "start the next group with accumulate=False, or in a tile of its own"};

inline constexpr DiagnosticKind interleaved_groups{
    "interleaved_groups", Severity::advice,
    "one accumulation group of a PSUM bank ends before the next begins; a kernel that interleaved "
    "them was seen to lose contributions",
    "for k in range(4): [nisa.nc_matmul(dst=p[:, c], stationary=a[k], moving=b[k][:, c], "
    "accumulate=k > 0) for c in columns]",
    "finish one group before the next, or give each a bank of its own"};

// Several members of a launch.
inline constexpr DiagnosticKind race{
    "race", Severity::error,
    "results must not depend on which core is faster; cores that access the same bytes of shared "
    "memory, one of them writing, meet in between",
    "nisa.dma_copy(dst=shared[core], src=t); nisa.dma_copy(dst=u, src=shared[1 - core])",
    "put nisa.core_barrier between the two accesses"};
inline constexpr DiagnosticKind unordered_access{
    "unordered_access", Severity::warning,
    "cores that access the same bytes of shared memory, one of them writing, meet in between, also "
    "where either order gives the same results",
    "nisa.dma_copy(dst=shared, src=t)  # by each core", "let one core write, or each a part"};
inline constexpr DiagnosticKind deadlock{
    "deadlock", Severity::error, "all members of a meeting come to it, in the same order",
    "if core == 0: nisa.core_barrier(data=shared, cores=(0, 1))",
    "let every member execute the instruction"};
inline constexpr DiagnosticKind runtime_fault{
    "runtime_fault", Severity::error,
    "an instruction must be able to do its work with the values that it finds",
    "nisa.dma_copy(dst=t, src=table.ap(pattern, scalar_offset=index))  # index is 8 of 4",
    "keep the index within its limit, or give oob_mode=nisa.oob_mode.skip"};

// What is of no use.
inline constexpr DiagnosticKind dead_store{
    "dead_store", Severity::advice, "what is written is read before it is overwritten or dies",
    "nisa.memset(dst=t, value=0); nisa.dma_copy(dst=t, src=x)", "leave the first write out"};
inline constexpr DiagnosticKind narrow_tile{
    "narrow_tile", Severity::advice,
    "a value that starts and ends in a wide type keeps its digits on the way",
    "nisa.activation(dst=bf16_tile, data=f32_tile, op=nl.exp); "
    "nisa.tensor_tensor(dst=f32_out, data1=bf16_tile, data2=f32_tile, op=nl.add)",
    "give the tile in between the wide type"};
inline constexpr DiagnosticKind unread_input{
    "unread_input", Severity::advice, "a kernel reads all of what it is given",
    "nisa.dma_copy(dst=t, src=x[0:64])  # x has 128 rows, and the rest are never read",
    "read the rest, or give the kernel a smaller tensor"};

inline constexpr std::array checker_kinds{
    &uninitialised_read,   &unwritten_operand,
    &output_unwritten,     &output_partly_written,
    &accumulate_unwritten, &accumulate_after_read,
    &interleaved_groups,   &race,
    &unordered_access,     &deadlock,
    &runtime_fault,        &dead_store,
    &narrow_tile,          &unread_input,
};

}  // namespace kiln::diag
