// The kinds of diagnostics that placement reports.
#pragma once

#include <array>

#include "kiln/base/diagnostic.h"

namespace kiln::diag {

using enum Severity;

inline constexpr DiagnosticKind out_of_sbuf{
    "out_of_sbuf", error, "the tensors alive at one instruction fit in SBUF together",
    "tiles = [nl.load(x[i]) for i in range(64)]  # (128, 1024) float32 each",
    "keep fewer tiles alive: use each before the next is loaded, or make them smaller"};
inline constexpr DiagnosticKind out_of_psum{
    "out_of_psum", error, "the tensors alive at one instruction fit in PSUM together",
    "sums = [nl.ndarray((128, 512), nl.float32, buffer=nl.psum) for i in range(9)]",
    "copy results to SBUF before more are accumulated; PSUM has 8 banks of 2048 bytes"};
inline constexpr DiagnosticKind fragmented{
    "fragmented", warning,
    "tensors that fit together in some order and place should also fit in the program's",
    "tiles = [nl.load(x[i]) for i in range(64)]  # all before the first is used",
    "load each tile shortly before its first use, or use sizes that divide each other"};
inline constexpr DiagnosticKind address_overlap{
    "address_overlap", warning, "a tensor's bytes are not reused before its last use",
    "a and b both have address=(0, 0); a is written, then b, then a is read",
    "give one of them another address, or read the first for the last time before"};
inline constexpr DiagnosticKind bad_address{
    "bad_address", error, "an explicit address lies in the memory and is aligned as it wants",
    "nl.ndarray((128, 512), nl.float32, buffer=nl.psum, address=(0, 1024))",
    "start PSUM tensors at a bank, and SBUF tensors at a multiple of their element's size"};

inline constexpr std::array placement_kinds{
    &out_of_sbuf, &out_of_psum, &fragmented, &address_overlap, &bad_address,
};

}  // namespace kiln::diag
