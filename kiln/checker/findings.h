// Findings: the report of a launch's checks. Its members' programs have file tables of their own;
// here all source lines are lines of one.
#pragma once

#include <string>
#include <vector>

#include "kiln/base/diagnostic.h"
#include "kiln/program/program.h"

namespace kiln {

class Findings {
 public:
  // A line of one of the programs.
  struct Place {
    const Program* program = nullptr;
    SourceLocation location;
  };
  static Place at(const Program& program, uint32_t instruction) {
    return {&program, program.locations[instruction]};
  }
  // Where the storage was allocated.
  static Place at(const Program& program, const Storage& storage) {
    return {&program, storage.location};
  }

  struct Remark {
    std::string message;
    Place place;
  };

  void add(const DiagnosticKind& kind, const Place& place, std::string_view subject,
           std::string message, const std::vector<Remark>& remarks = {});
  // About an instruction.
  void add(const DiagnosticKind& kind, const Program& program, uint32_t instruction,
           std::string message, const std::vector<Remark>& remarks = {}) {
    add(kind, at(program, instruction), name_of(program.code[instruction]), std::move(message),
        remarks);
  }

  // What another reader has said of one of the programs.
  void add(const Program& program, const Report& report);

  // "kernel.py:12"
  static std::string describe(const Place& place) {
    return place.program->files.describe(place.location);
  }

  Report& report() { return report_; }
  const Report& report() const { return report_; }
  const FileTable& files() const { return files_; }

 private:
  SourceLocation translate(const Place& place);

  FileTable files_;
  Report report_;
};

// "'x' of kernel.py:3", or what stands for the name.
std::string describe(const Program& program, const Storage& storage);

}  // namespace kiln
