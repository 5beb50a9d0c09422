// Program: what was recorded from one call of a kernel, for one core. Plain data: storages and
// views, one flat list of instructions with their source lines, inputs and outputs. It is made by
// a Recorder or read from text, and never changes afterwards; checker, executor and timing read it.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "kiln/base/chunked_vector.h"
#include "kiln/base/source_location.h"
#include "kiln/isa/instruction.h"
#include "kiln/machine/machine.h"
#include "kiln/tile/tiles.h"

namespace kiln {

struct Program {
  std::string kernel;
  Generation target = Generation::gen3;
  Tiles tiles;
  int register_count = 0;

  ChunkedVector<Instruction> code;
  ChunkedVector<SourceLocation> locations;          // of code[i]
  std::unordered_map<uint32_t, std::string> names;  // of code[i], where the user gave one
  // Earlier instructions that code[i] waits for though no data says so, where the user asked for
  // it.
  std::unordered_map<uint32_t, std::vector<uint32_t>> dependencies;
  FileTable files;

  std::vector<StorageId> inputs;                                    // in argument order
  std::vector<ViewId> outputs;                                      // in return order
  std::unordered_map<StorageId, std::vector<std::byte>> constants;  // row-major contents
};

// For each loop or end of loop, the index of its other end; 0 for other instructions. The code is
// properly nested.
std::vector<uint32_t> loop_partners(const Program& program);

// 1 if code[i] opens a loop, -1 if it ends one, else 0.
int loop_depth_change(const Program& program, size_t i);

std::string_view name_of(const Instruction& instruction);

}  // namespace kiln
