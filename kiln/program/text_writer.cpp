// Writes the text form. Values are written by their type, so no instruction is named here.
#include <cmath>
#include <cstring>

#include "kiln/program/text.h"

namespace kiln {

namespace {

class Writer {
 public:
  Writer(const Program& program, const TextOptions& options)
      : program_(program), options_(options) {}

  std::string write();
  std::string write(size_t index);

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void header();
  void storage(StorageId id);
  void instruction(size_t index, int depth);
  void location(SourceLocation location);
  void quoted(std::string_view text);

  void value(const TileOperand& v) { view(v.view); }
  void value(const TileListOperand& v);
  void value(const NumberList& v);
  void value(const InOrScalar& v);
  void value(const Register& v) { v.given() ? put("r{}", v.id.value) : put("none"); }
  void value(const RegisterOrInt& v) {
    v.is_register() ? put("r{}", v.reg.value) : put("{}", v.value);
  }
  void value(const Pattern& v);
  void value(const ShuffleMask& v) { put("[{}]", fmt::join(v.source, " ")); }
  void value(const Axes& v);
  void value(const RankGroups& v);
  void value(const SmallSet& v) { put("[{}]", fmt::join(v.list(), " ")); }
  void value(const Permutation& v) {
    put("[{}]", fmt::join(v.dims.begin(), v.dims.begin() + v.rank, " "));
  }
  void value(const RowColumn& v) { v.given() ? put("({} {})", v.row, v.column) : put("none"); }
  void value(bool v) { put("{}", v); }
  void value(int32_t v) { put("{}", v); }
  void value(float v) { number(v); }
  template <NamedEnum E>
  void value(E v) {
    put("{}", name_of(v));
  }

  void view(ViewId id);
  void number(float v);

  const Program& program_;
  const TextOptions options_;
  std::string out_;
};

// A float32 such that reading gives the same bits, and never mistaken for an integer.
void Writer::number(float v) {
  const auto bits = std::bit_cast<uint32_t>(v);
  if (std::isnan(v)) {
    put("nan:{:08x}", bits);
    return;
  }
  const std::string text = fmt::format("{}", v);
  put("{}{}", text, text.find_first_of(".en") == std::string::npos ? ".0" : "");
}

void write_view(std::string& out, const Tiles& tiles, ViewId id) {
  const auto sink = std::back_inserter(out);
  if (!id.valid()) {
    out += "none";
    return;
  }
  const Tile tile = tiles.tile(id);
  fmt::format_to(sink, "%{}", tile.storage_id.value);
  if (tile.view() == whole_view(tile.storage_id, *tile.storage)) return;
  fmt::format_to(sink, "[{}+{};", tile.partition, tile.offset);
  for (int i = 0; i < tile.rank(); ++i) {
    fmt::format_to(sink, " {}:{}", tile.shape(i), tile.layout->stride[i]);
  }
  out += ']';
  if (tile.dtype() != tile.storage->dtype) fmt::format_to(sink, ":{}", name_of(tile.dtype()));
  if (!tile.dynamic.valid()) return;
  const Dynamic& dynamic = tiles.dynamic(tile.dynamic);
  if (dynamic.kind == Dynamic::Kind::scalar_register) {
    fmt::format_to(sink, "@r{}", dynamic.reg.value);
  } else {
    fmt::format_to(sink, "@{}(", name_of(dynamic.kind));
    write_view(out, tiles, dynamic.index);
    out += ')';
  }
  fmt::format_to(sink, "*{}<{}", dynamic.stride, dynamic.limit);
}

void Writer::view(ViewId id) { write_view(out_, program_.tiles, id); }

void Writer::value(const TileListOperand& v) {
  if (!v.given()) return put("none");
  out_ += '[';
  for (const ViewId id : program_.tiles.list(v.list)) {
    if (out_.back() != '[') out_ += ' ';
    view(id);
  }
  out_ += ']';
}

void Writer::value(const NumberList& v) {
  if (!v.given()) return put("none");
  out_ += '[';
  for (const float x : program_.tiles.list(v.list)) {
    if (out_.back() != '[') out_ += ' ';
    number(x);
  }
  out_ += ']';
}

void Writer::value(const InOrScalar& v) {
  if (!v.given() || v.is_tile()) {
    view(v.view);
  } else if (v.is_int()) {
    put("{}", static_cast<int32_t>(v.bits));
  } else {
    number(v.scalar());
  }
}

void Writer::value(const Pattern& v) {
  out_ += '[';
  for (size_t i = 0; i < v.rank; ++i) {
    put("{}{}:{}", i > 0 ? " " : "", v.dims[i].step, v.dims[i].num);
  }
  out_ += ']';
}

void Writer::value(const RankGroups& v) {
  out_ += '[';
  for (const std::vector<int32_t>& group : program_.tiles.rank_groups(v.id)) {
    put("{}[{}]", out_.back() == '[' ? "" : " ", fmt::join(group, " "));
  }
  out_ += ']';
}

void Writer::value(const Axes& v) {
  out_ += '[';
  for (int i = 0; i < 8; ++i) {
    if (v.contains(i)) put("{}{}", out_.back() == '[' ? "" : " ", i);
  }
  out_ += ']';
}

void Writer::quoted(std::string_view text) {
  out_ += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      put("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

void Writer::location(SourceLocation location) {
  if (options_.locations && location.file.valid()) {
    put(" @{}:{}", location.file.value, location.line);
  }
}

void Writer::storage(StorageId id) {
  const Storage& s = program_.tiles.storage(id);
  put("storage %{} ", id.value);
  quoted(s.name);
  put(" {} {} [{}]", name_of(s.memory), name_of(s.dtype),
      fmt::join(s.shape.at.begin(), s.shape.at.begin() + s.rank, ", "));
  if (s.address) put(" at ({} {})", s.address->partition, s.address->byte);
  if (s.binding != Binding::internal) put(" {}", name_of(s.binding));
  if (const auto constant = program_.constants.find(id); constant != program_.constants.end()) {
    out_ += ' ';
    for (std::byte b : constant->second) put("{:02x}", static_cast<unsigned>(b));
  }
  location(s.location);
  out_ += '\n';
}

void Writer::header() {
  out_ += "kiln 1\nkernel ";
  quoted(program_.kernel);
  put("\ntarget {}\n", name_of(program_.target));
  if (program_.register_count > 0) put("registers {}\n", program_.register_count);
  if (options_.locations) {
    for (size_t i = 0; i < program_.files.paths().size(); ++i) {
      put("file {} ", i);
      quoted(program_.files.paths()[i]);
      out_ += '\n';
    }
  }
}

void Writer::instruction(size_t index, int depth) {
  out_.append(static_cast<size_t>(depth) * 2, ' ');
  std::visit(
      [&](const auto& instruction) {
        using T = std::decay_t<decltype(instruction)>;
        put("{}", T::spec.name);
        for_each_field<T>([&](const auto& field) {
          const size_t start = out_.size();
          put(" {}=", field.name);
          const size_t text = out_.size();
          value(instruction.*field.member);
          if (!field.optional) return;
          // What equals the default is left out.
          const std::string given = out_.substr(text);
          const size_t mark = out_.size();
          value(T{}.*field.member);
          const bool is_default = std::string_view(out_).substr(mark) == given;
          out_.resize(is_default ? start : mark);
        });
      },
      program_.code[index]);
  if (const auto name = program_.names.find(static_cast<uint32_t>(index));
      name != program_.names.end()) {
    out_ += " name=";
    quoted(name->second);
  }
  if (const auto earlier = program_.dependencies.find(static_cast<uint32_t>(index));
      earlier != program_.dependencies.end()) {
    out_ += " after=[";
    for (uint32_t i : earlier->second) put("{}{}", out_.back() == '[' ? "" : " ", index - i);
    out_ += ']';
  }
}

std::string Writer::write(size_t index) {
  instruction(index, 0);
  return std::move(out_);
}

std::string Writer::write() {
  header();
  int depth = 0;
  uint32_t next_storage = 0;
  const auto storages_up_to = [&](size_t position) {
    for (; next_storage < program_.tiles.storage_count(); ++next_storage) {
      if (program_.tiles.storage({next_storage}).born > position) return;
      out_.append(static_cast<size_t>(depth) * 2, ' ');
      storage({next_storage});
    }
  };
  for (size_t i = 0; i < program_.code.size(); ++i) {
    storages_up_to(i);
    const int change = loop_depth_change(program_, i);
    if (change < 0) --depth;
    instruction(i, depth);
    location(program_.locations[i]);
    out_ += '\n';
    if (change > 0) ++depth;
  }
  storages_up_to(program_.code.size());
  for (ViewId output : program_.outputs) {
    out_ += "output ";
    view(output);
    out_ += '\n';
  }
  return std::move(out_);
}

}  // namespace

std::string to_text(const Program& program, const TextOptions& options) {
  return Writer(program, options).write();
}

std::string to_text(const Program& program, uint32_t instruction) {
  return Writer(program, {}).write(instruction);
}

std::string to_text(const Tiles& tiles, ViewId view) {
  std::string out;
  write_view(out, tiles, view);
  return out;
}

}  // namespace kiln
