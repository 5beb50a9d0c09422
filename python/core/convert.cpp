#include "convert.h"

#include <map>

namespace kiln::python {

namespace {

thread_local uint64_t recording_call = 0;

// Kept until the interpreter ends.
std::map<std::string, std::vector<PyObject*>, std::less<>>& registry() {
  static auto* members = new std::map<std::string, std::vector<PyObject*>, std::less<>>;
  return *members;
}

template <class T>
const T* instance(PyObject* object) {
  static const nb::handle type = nb::type<T>();
  if (Py_TYPE(object) != reinterpret_cast<PyTypeObject*>(type.ptr())) return nullptr;
  return nb::inst_ptr<T>(object);
}

std::optional<int64_t> integer(PyObject* object) {
  if (!PyIndex_Check(object)) return std::nullopt;
  const nb::object index = nb::steal(PyNumber_Index(object));
  int overflow = 0;
  const int64_t value = index.is_valid() ? PyLong_AsLongLongAndOverflow(index.ptr(), &overflow) : 0;
  if (!index.is_valid() || overflow != 0) {
    PyErr_Clear();
    return std::nullopt;
  }
  return value;
}

std::optional<double> real(PyObject* object) {
  if (PyFloat_CheckExact(object)) return PyFloat_AS_DOUBLE(object);
  if (PyUnicode_Check(object) || !PyNumber_Check(object)) return std::nullopt;
  const double value = PyFloat_AsDouble(object);
  if (value == -1.0 && PyErr_Occurred()) {
    PyErr_Clear();
    return std::nullopt;
  }
  return value;
}

// Calls fn for the items of a list or tuple, while fn returns true; false if it is neither.
template <class Fn>
bool for_each_item(PyObject* object, const Fn& fn) {
  if (!PyList_Check(object) && !PyTuple_Check(object)) return false;
  for (nb::handle item : nb::handle(object)) {
    if (!fn(item.ptr())) return false;
  }
  return true;
}

}  // namespace

uint64_t current_call() { return recording_call; }
void set_current_call(uint64_t call) { recording_call = call; }

void require_recording(const char* what) {
  if (dsl::is_recording()) return;
  throw std::runtime_error(fmt::format(
      "{} is called outside a kernel; call it in a function decorated with @nki.jit", what));
}

NkiTensor wrap(dsl::Tensor tensor) { return {tensor, recording_call}; }

const dsl::Tensor& unwrap(const NkiTensor& tensor) {
  require_recording("a tensor's operation");
  if (tensor.call != recording_call) {
    throw std::runtime_error("the tensor belongs to another call of a kernel");
  }
  return tensor.tensor;
}

void register_members(const std::string& type, nb::list members) {
  std::vector<PyObject*>& list = registry()[type];
  list.clear();
  for (nb::handle object : members) list.push_back(object.inc_ref().ptr());
}

nb::object member(std::string_view type, size_t index) {
  return nb::borrow(registry().find(type)->second.at(index));
}

std::optional<size_t> index_of(std::string_view type, PyObject* object) {
  const auto found = registry().find(type);
  if (found == registry().end()) return std::nullopt;
  const std::vector<PyObject*>& list = found->second;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i] == object) return i;
  }
  return std::nullopt;
}

std::optional<size_t> index_of_member(std::string_view type, PyObject* object) {
  if (const auto index = index_of(type, object)) return index;
  const auto found = registry().find(type);
  if (found == registry().end() || (!PyLong_CheckExact(object) && !PyUnicode_Check(object))) {
    return std::nullopt;
  }
  for (size_t i = 0; i < found->second.size(); ++i) {
    const nb::object value = nb::steal(PyObject_GetAttrString(found->second[i], "value"));
    if (value.is_valid() && PyObject_RichCompareBool(value.ptr(), object, Py_EQ) == 1) return i;
  }
  PyErr_Clear();
  return std::nullopt;
}

DType dtype_from_python(nb::handle object) {
  if (const auto index = index_of("dtype", object.ptr())) return static_cast<DType>(*index);
  const nb::object convert = nb::module_::import_("kiln._dtypes").attr("canonical");
  const nb::object canonical = convert(object);
  const auto index = index_of("dtype", canonical.ptr());
  if (!index) throw nb::type_error(fmt::format("{} is no dtype", describe(object.ptr())).c_str());
  return static_cast<DType>(*index);
}

nb::object dtype_to_python(DType dtype) { return member("dtype", static_cast<size_t>(dtype)); }

Memory memory_from_python(nb::handle object) {
  const auto index = index_of("buffer", object.ptr());
  if (!index) {
    throw nb::type_error(fmt::format("{} is no memory; use nl.sbuf, nl.psum, nl.private_hbm or "
                                     "nl.shared_hbm",
                                     describe(object.ptr()))
                             .c_str());
  }
  return static_cast<Memory>(*index);
}

bool from_python(PyObject* object, TileOperand& v) {
  const NkiTensor* tensor = instance<NkiTensor>(object);
  if (tensor == nullptr) return false;
  v.view = unwrap(*tensor).view_id();
  return true;
}

bool from_python(PyObject* object, TileListOperand& v) {
  std::vector<ViewId> views;
  const bool fits = for_each_item(object, [&](PyObject* item) {
    TileOperand tile;
    if (!from_python(item, tile)) return false;
    views.push_back(tile.view);
    return true;
  });
  if (fits) v.list = dsl::recorder().add_list(views);
  return fits;
}

namespace {

bool channels_from_python(PyObject* object, TileListOperand& v) {
  std::vector<ViewId> views;
  const bool fits = for_each_item(object, [&](PyObject* channel) {
    size_t tensors = 0;
    const bool tiles = for_each_item(channel, [&](PyObject* item) {
      TileOperand tile;
      ++tensors;
      if (!from_python(item, tile)) return false;
      views.push_back(tile.view);
      return true;
    });
    return tiles && tensors == 1;
  });
  if (fits) v.list = dsl::recorder().add_list(views);
  return fits;
}

}  // namespace

bool from_python(PyObject* object, ChannelIn& v) { return channels_from_python(object, v); }
bool from_python(PyObject* object, ChannelOut& v) { return channels_from_python(object, v); }

bool from_python(PyObject* object, RankGroups& v) {
  nb::object lists = nb::borrow(object);
  if (nb::hasattr(lists, "groups")) lists = lists.attr("groups");
  RankLists groups;
  const bool fits = for_each_item(lists.ptr(), [&](PyObject* item) {
    const auto ranks = integers(item);
    if (ranks) groups.emplace_back(ranks->begin(), ranks->end());
    return ranks.has_value();
  });
  if (fits) v = dsl::recorder().add(std::move(groups));
  return fits;
}

bool from_python(PyObject* object, NumberList& v) {
  std::vector<float> numbers;
  const bool fits = for_each_item(object, [&](PyObject* item) {
    const auto x = real(item);
    if (x) numbers.push_back(static_cast<float>(*x));
    return x.has_value();
  });
  if (fits) v.list = dsl::recorder().add_list(numbers);
  return fits;
}

bool from_python(PyObject* object, InOrScalar& v) {
  if (PyFloat_CheckExact(object)) {
    v = InOrScalar(PyFloat_AS_DOUBLE(object));
    return true;
  }
  if (const NkiTensor* tensor = instance<NkiTensor>(object)) {
    v = InOrScalar(unwrap(*tensor).view_id());
    return true;
  }
  if (const auto i = integer(object)) {
    v = *i >= INT32_MIN && *i <= UINT32_MAX ? InOrScalar(*i) : InOrScalar(static_cast<double>(*i));
    return true;
  }
  if (const auto f = real(object)) {
    v = InOrScalar(*f);
    return true;
  }
  return object == Py_None;
}

bool from_python(PyObject* object, Register& v) {
  const VirtualRegister* reg = instance<VirtualRegister>(object);
  if (reg == nullptr || reg->call != recording_call) return false;
  v = reg->reg;
  return true;
}

bool from_python(PyObject* object, RegisterOrInt& v) {
  Register reg;
  if (from_python(object, reg)) {
    v = reg;
    return true;
  }
  return from_python(object, v.value);
}

bool from_python(PyObject* object, Pattern& v) {
  v = {};
  const nb::handle list(object);
  if (!nb::isinstance<nb::list>(list) && !nb::isinstance<nb::tuple>(list)) return false;
  for (nb::handle item : list) {
    const auto pair = integers(item);
    if (!pair || pair->size() != 2 || v.rank >= 4) return false;
    v.dims[v.rank++] = {static_cast<int32_t>((*pair)[0]), static_cast<int32_t>((*pair)[1])};
  }
  return true;
}

bool from_python(PyObject* object, ShuffleMask& v) {
  const auto list = integers(object);
  if (!list || list->size() != v.source.size()) return false;
  for (size_t i = 0; i < v.source.size(); ++i) {
    const int64_t source = (*list)[i];
    if (source < 0 || (source > 31 && source != ShuffleMask::keep)) return false;
    v.source[i] = static_cast<uint8_t>(source);
  }
  return true;
}

bool from_python(PyObject* object, Axes& v) {
  v = {};
  std::optional<std::vector<int64_t>> list = integers(object);
  if (const auto one = integer(object)) list = {*one};
  if (!list) return false;
  for (int64_t dim : *list) {
    if (dim < 1 || dim >= max_rank) return false;
    v.bits |= static_cast<uint8_t>(1 << dim);
  }
  return true;
}

bool from_python(PyObject* object, SmallSet& v) {
  v = {};
  const auto list = integers(object);
  if (!list) return false;
  for (int64_t number : *list) {
    if (number < 0 || number >= SmallSet::end) return false;
    v.bits |= static_cast<uint8_t>(1 << number);
  }
  return true;
}

bool from_python(PyObject* object, Permutation& v) {
  v = {};
  const auto list = integers(object);
  if (!list || list->size() > 4) return false;
  for (int64_t dim : *list) {
    if (dim < 0 || dim > 3) return false;
    v.dims[v.rank++] = static_cast<uint8_t>(dim);
  }
  return true;
}

bool from_python(PyObject* object, RowColumn& v) {
  v = {};
  const auto list = integers(object);
  if (!list || (!list->empty() && list->size() != 2)) return false;
  if (list->empty()) return true;
  v.row = static_cast<int16_t>((*list)[0]);
  v.column = static_cast<int16_t>((*list)[1]);
  return true;
}

bool from_python(PyObject* object, Tristate& v) {
  if (object == Py_None) {
    v = Tristate::automatic;
    return true;
  }
  bool flag = false;
  if (!from_python(object, flag)) return false;
  v = flag ? Tristate::yes : Tristate::no;
  return true;
}

bool from_python(PyObject* object, bool& v) {
  if (object == Py_True || object == Py_False) {
    v = object == Py_True;
    return true;
  }
  if (!PyIndex_Check(object) && std::string_view(Py_TYPE(object)->tp_name) != "numpy.bool" &&
      std::string_view(Py_TYPE(object)->tp_name) != "numpy.bool_") {
    return false;
  }
  const int truth = PyObject_IsTrue(object);
  v = truth == 1;
  return truth >= 0;
}

bool from_python(PyObject* object, int32_t& v) {
  const auto i = integer(object);
  if (!i || *i < INT32_MIN || *i > INT32_MAX) return false;
  v = static_cast<int32_t>(*i);
  return true;
}

bool from_python(PyObject* object, float& v) {
  const auto f = real(object);
  if (f) v = static_cast<float>(*f);
  return f.has_value();
}

bool from_python(PyObject* object, AluOp& v) {
  if (object == Py_None) {
    v = AluOp::none;
    return true;
  }
  const Operator* op = instance<Operator>(object);
  if (op == nullptr || op->info->alu == AluOp::none) return false;
  v = op->info->alu;
  return true;
}

bool from_python(PyObject* object, ActivationOp& v) {
  const Operator* op = instance<Operator>(object);
  if (op == nullptr || op->info->activation == ActivationOp::none) return false;
  v = op->info->activation;
  return true;
}

std::string describe(PyObject* object) {
  const nb::object repr = nb::steal(PyObject_Repr(object));
  std::string text = repr.is_valid() ? nb::cast<std::string>(repr) : "?";
  PyErr_Clear();
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return fmt::format("{} ({})", text, Py_TYPE(object)->tp_name);
}

std::optional<std::vector<int64_t>> integers(nb::handle object) {
  if (!PyList_Check(object.ptr()) && !PyTuple_Check(object.ptr())) return std::nullopt;
  std::vector<int64_t> list;
  for (nb::handle item : object) {
    const auto i = integer(item.ptr());
    if (!i) return std::nullopt;
    list.push_back(*i);
  }
  return list;
}

}  // namespace kiln::python
