// Reads the text form. A line is a declaration or an instruction; values are read by the type of
// the field they belong to, so no instruction is named here. Any text gives a program or an Error.
#include <charconv>
#include <cmath>
#include <cstring>

#include "kiln/program/text.h"

namespace kiln {

namespace {

// Keeps products of sizes and strides within int64.
constexpr int64_t magnitude_max = int64_t{1} << 40;

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<ParsedProgram> parse();

 private:
  // Failure is sticky: after the first error every read returns its default.
  bool failed() const { return !error_.empty(); }
  template <class... Args>
  void fail(fmt::format_string<Args...> format, Args&&... args) {
    if (!failed()) error_ = fmt::format(format, std::forward<Args>(args)...);
  }

  bool next_line();
  void skip_spaces();
  bool at_end() {
    skip_spaces();
    return line_.empty();
  }
  bool accept(std::string_view token);
  void expect(std::string_view token);
  std::string_view word();
  int64_t integer(int64_t low = -magnitude_max, int64_t high = magnitude_max);
  std::string quoted();
  template <NamedEnum E>
  E named();

  void header();
  void file();
  void storage();
  void output();
  void statement();
  template <class T>
  void instruction();
  std::vector<std::byte> contents();
  void location();
  void layout(View& view);
  ViewId view();
  DynamicId dynamic();
  float number(std::string_view text);

  void value(TileOperand& v) {
    if (!accept("none")) v.view = view();
  }
  void value(TileListOperand& v);
  void value(NumberList& v);
  void value(InOrScalar& v);
  void value(Register& v) {
    if (!accept("none")) v.id = register_id();
  }
  void value(RegisterOrInt& v);
  void value(Pattern& v);
  void value(ShuffleMask& v);
  void value(Axes& v);
  void value(SmallSet& v);
  void value(RankGroups& v);
  void value(Permutation& v);
  void value(RowColumn& v);
  void value(bool& v);
  void value(int32_t& v) { v = static_cast<int32_t>(integer(INT32_MIN, INT32_MAX)); }
  void value(float& v) { v = number(word()); }
  template <NamedEnum E>
  void value(E& v) {
    v = named<E>();
  }
  RegisterId register_id();

  std::string_view rest_, line_;
  int line_number_ = 0;
  std::string error_;
  std::optional<Recorder> recorder_;
  std::string kernel_;
  SourceLocation here_;
  int view_depth_ = 0;
};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-' ||
         c == '+';
}

bool Parser::next_line() {
  while (!rest_.empty()) {
    const size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    ++line_number_;
    skip_spaces();
    if (!line_.empty() && line_[0] != ';') return true;
  }
  return false;
}

void Parser::skip_spaces() {
  while (!line_.empty() && (line_[0] == ' ' || line_[0] == '\t' || line_[0] == '\r')) {
    line_.remove_prefix(1);
  }
}

bool Parser::accept(std::string_view token) {
  skip_spaces();
  if (failed() || !line_.starts_with(token)) return false;
  // A word must end where the token ends.
  const bool word = std::isalnum(static_cast<unsigned char>(token.back())) != 0;
  if (word && token.size() > 1 && line_.size() > token.size() && is_word(line_[token.size()])) {
    return false;
  }
  line_.remove_prefix(token.size());
  return true;
}

void Parser::expect(std::string_view token) {
  if (!accept(token)) {
    fail("expected '{}', found '{}'", token, line_.empty() ? "end of line" : line_.substr(0, 24));
  }
}

std::string_view Parser::word() {
  skip_spaces();
  size_t n = 0;
  while (n < line_.size() && is_word(line_[n])) ++n;
  // "nan:" carries its bits after the colon.
  if (line_.substr(0, n) == "nan" && n < line_.size() && line_[n] == ':') {
    ++n;
    while (n < line_.size() && is_word(line_[n])) ++n;
  }
  const std::string_view text = line_.substr(0, n);
  if (text.empty()) {
    fail("expected a word, found '{}'", line_.empty() ? "end of line" : line_.substr(0, 24));
  }
  line_.remove_prefix(n);
  return text;
}

int64_t Parser::integer(int64_t low, int64_t high) {
  skip_spaces();
  int64_t v = 0;
  const auto [end, code] = std::from_chars(line_.data(), line_.data() + line_.size(), v);
  if (code != std::errc() || v < low || v > high) {
    fail("expected an integer from {} to {}, found '{}'", low, high, line_.substr(0, 24));
    return low > 0 ? low : 0;
  }
  line_.remove_prefix(static_cast<size_t>(end - line_.data()));
  return v;
}

std::string Parser::quoted() {
  expect("\"");
  std::string text;
  while (!failed()) {
    if (line_.empty()) {
      fail("a string has no closing quote");
      break;
    }
    char c = line_[0];
    line_.remove_prefix(1);
    if (c == '"') break;
    if (c == '\\') {
      if (line_.starts_with("x") && line_.size() >= 3) {
        unsigned code = 0;
        std::from_chars(line_.data() + 1, line_.data() + 3, code, 16);
        c = static_cast<char>(code);
        line_.remove_prefix(3);
      } else if (!line_.empty()) {
        c = line_[0];
        line_.remove_prefix(1);
      }
    }
    text += c;
  }
  return text;
}

template <NamedEnum E>
E Parser::named() {
  const std::string_view text = word();
  const std::optional<E> found = from_name<E>(text);
  if (!found) fail("'{}' is no {}", text, EnumNames<E>::type);
  return found.value_or(E{});
}

float Parser::number(std::string_view text) {
  if (text.starts_with("nan:")) {
    uint32_t bits = 0;
    std::from_chars(text.data() + 4, text.data() + text.size(), bits, 16);
    return std::bit_cast<float>(bits);
  }
  float v = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (code != std::errc() || end != text.data() + text.size()) {
    fail("'{}' is no number", text);
  }
  return v;
}

RegisterId Parser::register_id() {
  expect("r");
  const int64_t last = recorder_->program().register_count - 1;
  if (last < 0) {
    fail("the program declares no registers");
    return {};
  }
  return {static_cast<uint32_t>(integer(0, last))};
}

void Parser::value(TileListOperand& v) {
  if (accept("none")) return;
  std::vector<ViewId> views;
  expect("[");
  while (!failed() && !accept("]")) views.push_back(view());
  if (!failed()) v.list = recorder_->add_list(views);
}

void Parser::value(NumberList& v) {
  if (accept("none")) return;
  std::vector<float> numbers;
  expect("[");
  while (!failed() && !accept("]")) numbers.push_back(number(word()));
  if (!failed()) v.list = recorder_->add_list(numbers);
}

void Parser::value(InOrScalar& v) {
  if (accept("none")) return;
  skip_spaces();
  if (line_.starts_with("%")) {
    v.view = view();
    return;
  }
  const std::string_view text = word();
  int32_t i = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), i);
  if (code == std::errc() && end == text.data() + text.size()) {
    v = InOrScalar(i);
  } else {
    v = InOrScalar(number(text));
  }
}

void Parser::value(RegisterOrInt& v) {
  skip_spaces();
  if (line_.starts_with("r")) {
    v.reg = register_id();
  } else {
    value(v.value);
  }
}

void Parser::value(Pattern& v) {
  expect("[");
  while (!failed() && !accept("]")) {
    Pattern::Dim dim;
    value(dim.step);
    expect(":");
    dim.num = static_cast<int32_t>(integer(1, INT32_MAX));
    if (v.rank >= 4) return fail("a pattern has at most 4 dimensions");
    v.dims[v.rank++] = dim;
  }
}

void Parser::value(ShuffleMask& v) {
  expect("[");
  for (uint8_t& source : v.source) source = static_cast<uint8_t>(integer(0, 255));
  expect("]");
}

void Parser::value(Axes& v) {
  v = {};
  expect("[");
  while (!failed() && !accept("]")) {
    v.bits |= static_cast<uint8_t>(1 << integer(0, max_rank - 1));
  }
}

void Parser::value(SmallSet& v) {
  v = {};
  expect("[");
  while (!failed() && !accept("]")) {
    v.bits |= static_cast<uint8_t>(1 << integer(0, SmallSet::end - 1));
  }
}

void Parser::value(RankGroups& v) {
  RankLists groups;
  expect("[");
  while (!failed() && !accept("]")) {
    expect("[");
    std::vector<int32_t>& group = groups.emplace_back();
    while (!failed() && !accept("]")) group.push_back(static_cast<int32_t>(integer(0, INT32_MAX)));
  }
  v = recorder_->add(std::move(groups));
}

void Parser::value(Permutation& v) {
  v = {};
  expect("[");
  while (!failed() && !accept("]")) {
    if (v.rank >= 4) return fail("a permutation has at most 4 dimensions");
    v.dims[v.rank++] = static_cast<uint8_t>(integer(0, 3));
  }
}

void Parser::value(RowColumn& v) {
  if (accept("none")) return;
  expect("(");
  v.row = static_cast<int16_t>(integer(0, INT16_MAX));
  v.column = static_cast<int16_t>(integer(0, INT16_MAX));
  expect(")");
}

void Parser::value(bool& v) {
  v = accept("true");
  if (!v) expect("false");
}

void Parser::layout(View& view) {
  Layout& layout = view.layout;
  view.partition = static_cast<int32_t>(integer(0, 1 << 16));
  expect("+");
  view.offset = integer(0);
  expect(";");
  layout.rank = 0;
  int64_t elements = 1;
  while (!failed() && !accept("]")) {
    if (layout.rank == max_rank) return fail("a view has at most {} dimensions", max_rank);
    layout.shape[layout.rank] = integer(1, magnitude_max / elements);
    elements *= layout.shape[layout.rank];
    expect(":");
    const int64_t reach = magnitude_max / layout.shape[layout.rank];
    layout.stride[layout.rank] = integer(-reach, reach);
    ++layout.rank;
  }
  for (int i = layout.rank; i < max_rank; ++i) layout.shape[i] = layout.stride[i] = 0;
}

DynamicId Parser::dynamic() {
  Dynamic d;
  if (line_.starts_with("r")) {
    d.reg = register_id();
  } else {
    d.kind = named<Dynamic::Kind>();
    expect("(");
    d.index = view();
    expect(")");
    if (failed()) return {};
    if (recorder_->tile(d.index).has_indices()) {
      fail("the index of a view is itself a view with a vector of indices");
      return {};
    }
  }
  expect("*");
  d.stride = integer();
  expect("<");
  d.limit = integer(1);
  return recorder_->add(d);
}

ViewId Parser::view() {
  expect("%");
  const int64_t count = static_cast<int64_t>(recorder_->tiles().storage_count());
  const int64_t number = integer();
  if (failed()) return {};
  if (number < 0 || number >= count) {
    fail("storage %{} is not declared; there are {}", number, count);
    return {};
  }
  const StorageId id{static_cast<uint32_t>(number)};
  if (!line_.starts_with("[")) return recorder_->tiles().whole(id);
  if (++view_depth_ > 4) {
    fail("views are nested too deeply");
    return {};
  }
  const Storage& storage = recorder_->tiles().storage(id);
  View view = whole_view(id, storage);
  expect("[");
  layout(view);
  if (line_.starts_with(":") && accept(":")) view.layout.dtype = named<DType>();
  // Behind a space stands the line's location.
  if (line_.starts_with("@") && accept("@")) view.dynamic = dynamic();
  --view_depth_;
  if (failed()) return {};
  const Tile tile{&storage, &view.layout, id, view.partition, view.offset, {}};
  const Region r = region(tile);
  const int64_t partitions = storage.on_chip() ? storage.shape[0] : 1;
  if (view.layout.rank < (storage.on_chip() ? 2 : 1) || r.first_partition < 0 ||
      r.end_partition > partitions || r.first_byte < 0 || r.end_byte > storage.row_bytes()) {
    fail("the view reaches partitions {} to {} and bytes {} to {} of %{}, which has {} and {}",
         r.first_partition, r.end_partition, r.first_byte, r.end_byte, number, partitions,
         storage.row_bytes());
    return {};
  }
  // Where a runtime index moves the view is checked when the program runs.
  return recorder_->derive("view", recorder_->tiles().whole(id), Result<View>(view), {});
}

void Parser::location() {
  here_ = {};
  if (!accept("@")) return;
  const int64_t files = static_cast<int64_t>(recorder_->program().files.paths().size());
  if (files == 0) return fail("a location refers to a file, and none is declared");
  here_.file = {static_cast<uint32_t>(integer(0, files - 1))};
  expect(":");
  here_.line = static_cast<uint32_t>(integer(0, UINT32_MAX));
}

void Parser::file() {
  const int64_t expected = static_cast<int64_t>(recorder_->program().files.paths().size());
  integer(expected, expected);
  recorder_->add_file(quoted());
}

std::vector<std::byte> Parser::contents() {
  std::vector<std::byte> bytes;
  skip_spaces();
  while (line_.size() >= 2 && std::isxdigit(static_cast<unsigned char>(line_[0]))) {
    unsigned byte = 0;
    const auto [end, code] = std::from_chars(line_.data(), line_.data() + 2, byte, 16);
    if (code != std::errc() || end != line_.data() + 2) fail("constants are pairs of hex digits");
    bytes.push_back(static_cast<std::byte>(byte));
    line_.remove_prefix(2);
  }
  return bytes;
}

void Parser::storage() {
  expect("%");
  const int64_t expected = static_cast<int64_t>(recorder_->tiles().storage_count());
  integer(expected, expected);
  const std::string name = quoted();
  TensorSpec spec{.name = name};
  spec.memory = named<Memory>();
  spec.dtype = named<DType>();
  std::vector<int64_t> shape;
  expect("[");
  do {
    if (shape.size() > max_rank) return fail("a storage has at most {} dimensions", max_rank);
    shape.push_back(integer(1));
  } while (accept(","));
  expect("]");
  spec.shape = shape;
  if (accept("at")) {
    expect("(");
    const auto partition = static_cast<int32_t>(integer(0, 1 << 16));
    spec.address = Address{partition, integer(0)};
    expect(")");
  }
  const bool input = accept("input"), constant = !input && accept("constant");
  std::vector<std::byte> bytes;
  if (constant) bytes = contents();
  location();
  if (failed()) return;
  if (!at_end()) return fail("unexpected '{}'", line_.substr(0, 24));
  recorder_->at(here_);
  const size_t count = bytes.size();
  const ViewId id = input      ? recorder_->input(spec)
                    : constant ? recorder_->constant(spec, std::move(bytes))
                               : recorder_->allocate(spec);
  const Storage& made = recorder_->tiles().storage(recorder_->tiles().storage_of(id));
  if (constant && static_cast<int64_t>(count) != made.elements() * size_bytes(made.dtype)) {
    fail("constant %{} has {} bytes and its shape needs {}", expected, count,
         made.elements() * size_bytes(made.dtype));
  }
}

template <class T>
void Parser::instruction() {
  T made;
  uint32_t given = 0;
  std::string label;
  std::vector<uint32_t> distances;
  while (!failed() && !at_end() && line_[0] != '@') {
    const std::string_view name = word();
    expect("=");
    if (failed()) return;
    if (name == "name") {
      label = quoted();
      continue;
    }
    if (name == "after") {
      expect("[");
      while (!failed() && !accept("]")) {
        const auto earlier = static_cast<int64_t>(recorder_->program().code.size());
        distances.push_back(static_cast<uint32_t>(integer(1, std::max<int64_t>(1, earlier))));
      }
      continue;
    }
    bool known = false;
    uint32_t bit = 1;
    for_each_field<T>([&](const auto& field) {
      if (field.name == name && (given & bit) == 0) {
        known = true;
        given |= bit;
        value(made.*field.member);
      }
      bit <<= 1;
    });
    if (!known) fail("'{}' is no further argument of {}", name, T::spec.name);
  }
  uint32_t bit = 1;
  for_each_field<T>([&](const auto& field) {
    if (!field.optional && (given & bit) == 0) {
      fail("{} needs '{}', which is {}", T::spec.name, field.name, field.doc);
    }
    bit <<= 1;
  });
  location();
  if (failed()) return;
  recorder_->at(here_);
  const uint32_t index = recorder_->record(made, label);
  for (uint32_t distance : distances) {
    if (index != Recorder::no_instruction) recorder_->depend(index, index - distance);
  }
}

void Parser::output() {
  const ViewId id = view();
  if (!failed()) recorder_->output(id);
}

void Parser::statement() {
  const std::string_view name = word();
  if (failed()) return;
  if (name == "file") return file();
  if (name == "storage") return storage();
  if (name == "output") return output();
  bool known = false;
  AllInstructions::for_each([&](auto tag) {
    using T = typename decltype(tag)::type;
    if (known || T::spec.name != name) return;
    known = true;
    instruction<T>();
  });
  if (!known) fail("'{}' is no declaration and no instruction", name);
}

void Parser::header() {
  if (!next_line()) return fail("the text is empty; it starts with 'kiln 1'");
  expect("kiln");
  integer(1, 1);
  std::optional<Generation> target;
  int64_t registers = 0;
  while (!failed() && !target && next_line()) {
    if (accept("kernel")) {
      kernel_ = quoted();
    } else {
      expect("target");
      target = named<Generation>();
    }
  }
  if (!failed() && !target) fail("the target is missing");
  if (failed()) return;
  recorder_.emplace(kernel_, *target);
  const std::string_view before = rest_;
  const int before_number = line_number_;
  if (next_line() && accept("registers")) {
    registers = integer(0, 1 << 20);
  } else {
    rest_ = before;
    line_number_ = before_number;
    line_ = {};
  }
  for (int64_t i = 0; i < registers; ++i) recorder_->new_register();
}

Result<ParsedProgram> Parser::parse() {
  header();
  while (!failed() && next_line()) {
    statement();
    if (!failed() && !at_end()) fail("unexpected '{}'", line_.substr(0, 24));
  }
  if (failed()) return Error{fmt::format("line {}: {}", line_number_, error_)};
  std::shared_ptr<const Program> program = recorder_->finish();
  return ParsedProgram{std::move(program), recorder_->report()};
}

}  // namespace

Result<ParsedProgram> parse_program(std::string_view text) { return Parser(text).parse(); }

}  // namespace kiln
