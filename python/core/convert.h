// Values between Python and the fields of instructions, by the field's type. No instruction is
// named here.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <string>
#include <vector>

#include "kiln/dsl/op.h"
#include "kiln/dsl/tensor.h"
#include "kiln/isa/operand.h"

namespace kiln::python {

namespace nb = nanobind;

// nki.language.NkiTensor. A tensor belongs to one call of a kernel and is of no use after it.
struct NkiTensor {
  dsl::Tensor tensor;
  uint64_t call = 0;
};

// nki.isa.VirtualRegister.
struct VirtualRegister {
  Register reg;
  uint64_t call = 0;
};

// nki.isa.NkiInstruction: what an instruction's function returns.
struct NkiInstruction {
  uint32_t index = Recorder::no_instruction;
  uint64_t call = 0;
};

// An operator of nki.language: nl.add, nl.exp, …; a token for instructions, and callable.
struct Operator {
  const dsl::OpInfo* info = nullptr;
};

// The number of the call that is being recorded on this thread, counted in the process.
uint64_t current_call();
void set_current_call(uint64_t call);

NkiTensor wrap(dsl::Tensor tensor);
// Throws RuntimeError if the tensor is of another call, or no kernel is being recorded.
const dsl::Tensor& unwrap(const NkiTensor& tensor);
void require_recording(const char* what);

// Python's objects for the members of a C++ enum, or for dtypes, in enumerator order.
void register_members(const std::string& type, nb::list members);
// The object registered for an enumerator.
nb::object member(std::string_view type, size_t index);
// The index of a registered object, or none.
std::optional<size_t> index_of(std::string_view type, PyObject* object);
// The same for an enum's member, or for its value.
std::optional<size_t> index_of_member(std::string_view type, PyObject* object);

// Accepts the registered dtype objects and everything numpy.dtype() does; throws TypeError.
DType dtype_from_python(nb::handle object);
nb::object dtype_to_python(DType dtype);
Memory memory_from_python(nb::handle object);

// Each sets `v` and returns true, or returns false if the object does not fit.
bool from_python(PyObject* object, TileOperand& v);
bool from_python(PyObject* object, TileListOperand& v);
bool from_python(PyObject* object, NumberList& v);
bool from_python(PyObject* object, InOrScalar& v);
bool from_python(PyObject* object, Register& v);
bool from_python(PyObject* object, RegisterOrInt& v);
bool from_python(PyObject* object, Pattern& v);
bool from_python(PyObject* object, ShuffleMask& v);
bool from_python(PyObject* object, Axes& v);
bool from_python(PyObject* object, SmallSet& v);
bool from_python(PyObject* object, RankGroups& v);
bool from_python(PyObject* object, ChannelIn& v);
bool from_python(PyObject* object, ChannelOut& v);
bool from_python(PyObject* object, Permutation& v);
bool from_python(PyObject* object, RowColumn& v);
bool from_python(PyObject* object, Tristate& v);
bool from_python(PyObject* object, bool& v);
bool from_python(PyObject* object, int32_t& v);
bool from_python(PyObject* object, float& v);
bool from_python(PyObject* object, AluOp& v);
bool from_python(PyObject* object, ActivationOp& v);
template <NamedEnum E>
bool from_python(PyObject* object, E& v) {
  const std::optional<size_t> index = index_of_member(EnumNames<E>::type, object);
  if (index) v = static_cast<E>(*index);
  return index.has_value();
}

// What a field of the type takes, for messages.
template <class M>
std::string expected() {
  if constexpr (std::is_same_v<M, InOrScalar>) {
    return "a tensor or a number";
  } else if constexpr (std::is_base_of_v<TileOperand, M>) {
    return "a tensor";
  } else if constexpr (std::is_same_v<M, ChannelIn> || std::is_same_v<M, ChannelOut>) {
    return "a list with a list of one tensor for each channel";
  } else if constexpr (std::is_same_v<M, RankGroups>) {
    return "a ReplicaGroup or a list of lists of ranks";
  } else if constexpr (std::is_base_of_v<TileListOperand, M>) {
    return "a list of tensors";
  } else if constexpr (std::is_same_v<M, NumberList>) {
    return "a list of numbers";
  } else if constexpr (std::is_base_of_v<Register, M> || std::is_same_v<M, RegisterOrInt>) {
    return "a register";
  } else if constexpr (std::is_same_v<M, Pattern>) {
    return "a list of up to 4 [step, num]";
  } else if constexpr (std::is_same_v<M, ShuffleMask>) {
    return "a list of 32 partitions (0 to 31, or 255)";
  } else if constexpr (std::is_same_v<M, Axes>) {
    return "a dimension or a list of dimensions, each 1 or more";
  } else if constexpr (std::is_same_v<M, SmallSet>) {
    return "a list of numbers, each 0 to 7";
  } else if constexpr (std::is_same_v<M, Permutation>) {
    return "a tuple of up to 4 dimensions";
  } else if constexpr (std::is_same_v<M, RowColumn>) {
    return "a tuple (row, column)";
  } else if constexpr (std::is_same_v<M, bool>) {
    return "a bool";
  } else if constexpr (NamedEnum<M>) {
    return fmt::format("{} {}", EnumNames<M>::type == "operator" ? "an" : "a", EnumNames<M>::type);
  } else {
    return "a number";
  }
}

// "'add' (str)", short enough for a message.
std::string describe(PyObject* object);

// A sequence of integers, or nothing if it is something else.
std::optional<std::vector<int64_t>> integers(nb::handle object);

}  // namespace kiln::python
