// The registry of diagnostics: every kind Kiln can report, once. Adding one: docs/how_to/.
#pragma once

#include <array>

#include "kiln/base/diagnostic.h"

namespace kiln::diag {

using enum Severity;

// Views and storages.
inline constexpr DiagnosticKind view_out_of_range{"view_out_of_range", error,
                                                  "a view must stay inside the tensor it looks at"};
inline constexpr DiagnosticKind bad_view{
    "bad_view", error, "the view operation does not fit the tensor's shape or layout"};
inline constexpr DiagnosticKind bad_shape{
    "bad_shape", error, "a tensor has one or more dimensions, each of size one or more"};
inline constexpr DiagnosticKind partition_count{
    "partition_count", error, "an on-chip tensor has at most as many partitions as the memory"};
inline constexpr DiagnosticKind tensor_too_large{
    "tensor_too_large", error, "an on-chip tensor must fit in one partition of its memory"};

// Operands of instructions.
inline constexpr DiagnosticKind unknown_argument{
    "unknown_argument", error, "an instruction takes only the arguments in its documentation"};
inline constexpr DiagnosticKind missing_argument{"missing_argument", error,
                                                 "an argument without a default must be given"};
inline constexpr DiagnosticKind bad_argument{
    "bad_argument", error, "an argument has a type or value the instruction does not take"};
inline constexpr DiagnosticKind wrong_memory{
    "wrong_memory", error, "each operand must live in a memory that the engine can reach"};
inline constexpr DiagnosticKind partition_mismatch{
    "partition_mismatch", error, "operands of one instruction use the same number of partitions"};
inline constexpr DiagnosticKind size_mismatch{"size_mismatch", error,
                                              "operands have matching numbers of elements"};
inline constexpr DiagnosticKind dtype_mismatch{"dtype_mismatch", error,
                                               "the instruction does not take this data type here"};
inline constexpr DiagnosticKind tile_too_large{
    "tile_too_large", error, "a tile must not exceed what the engine takes in one instruction"};
inline constexpr DiagnosticKind start_partition{
    "start_partition", error, "engines start at partition 0, 32, 64 or 96, depending on the size"};
inline constexpr DiagnosticKind bad_operator{
    "bad_operator", error, "the engine does not have this operator in this instruction"};
inline constexpr DiagnosticKind wrong_engine{"wrong_engine", error,
                                             "the instruction does not run on this engine"};
inline constexpr DiagnosticKind wrong_generation{
    "wrong_generation", error, "the target generation does not have this feature"};

// Structure of programs.
inline constexpr DiagnosticKind bad_loop{
    "bad_loop", error, "loops are properly nested and advance by a positive step"};
inline constexpr DiagnosticKind bad_register{"bad_register", error,
                                             "a register is allocated before it is used"};

inline constexpr DiagnosticKind unshared_barrier{
    "unshared_barrier", warning, "a core barrier orders accesses to memory that the cores share"};

inline constexpr DiagnosticKind bad_dependency{
    "bad_dependency", error,
    "an instruction waits for an earlier one, which is not in a loop that has ended"};

inline constexpr std::array all{
    &view_out_of_range, &bad_view,         &bad_shape,      &partition_count, &tensor_too_large,
    &unknown_argument,  &missing_argument, &bad_argument,   &wrong_memory,    &partition_mismatch,
    &size_mismatch,     &dtype_mismatch,   &tile_too_large, &start_partition, &bad_operator,
    &wrong_engine,      &wrong_generation, &bad_loop,       &bad_register,    &unshared_barrier,
    &bad_dependency,
};

}  // namespace kiln::diag
