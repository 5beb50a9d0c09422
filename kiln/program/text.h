// The text form of programs (.kiln): written and read without loss. The grammar is in
// docs/text_form.md.
//
//   kiln 1
//   kernel "tensor_add"
//   target gen3
//   storage %0 "a" shared_hbm float32 [256, 512] input
//   storage %1 "" sbuf float32 [128, 512]
//   dma_copy dst=%1 src=%0[0+65536; 128:512 512:1]
//   output %0
//
// A view is %storage for the whole storage, or %storage[partition+offset; size:stride …], followed
// by :dtype if it reinterprets, and by @register, @scalar(view) or @vector(view), each with
// *stride<limit, if a part of its address is known only at run time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kiln/base/result.h"
#include "kiln/program/recorder.h"

namespace kiln {

struct TextOptions {
  bool locations = true;  // source lines; without them the text identifies what is computed
};

std::string to_text(const Program& program, const TextOptions& options = {});

// One instruction, without its source line.
std::string to_text(const Program& program, uint32_t instruction);

struct ParsedProgram {
  std::shared_ptr<const Program> program;
  Report report;  // what the instructions' checks found; with errors, not to be run
};

// An Error names the line of the text and what was expected there.
Result<ParsedProgram> parse_program(std::string_view text);

// "%3[0+0; 128:1 512:1]"; how views appear in text and messages.
std::string to_text(const Tiles& tiles, ViewId view);

}  // namespace kiln
