#include "kiln/checker/shared_tensors.h"

namespace kiln {

SharedTensors::Tensor& SharedTensors::find(const Key& key, const Storage& storage) {
  Tensor*& tensor = by_key_[key];
  if (tensor == nullptr) {
    const ByteSet none(storage);
    tensor = &tensors_.emplace_back(Tensor{none, none, tensors_.size()});
  }
  return *tensor;
}

std::vector<SharedTensors::Tensor*> SharedTensors::tensors_of(const Program& program,
                                                              Member member) {
  std::vector<Tensor*> tensors(program.tiles.storage_count());
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    const StorageId id = program.inputs[i];
    const Storage& storage = program.tiles.storage(id);
    Tensor& tensor = find({member.rank, true, {}, i, storage.row_bytes()}, storage);
    tensor.written.add_all();
    tensors[id.value] = &tensor;
  }
  std::map<std::string, size_t> seen;
  for (uint32_t i = 0; i < tensors.size(); ++i) {
    const Storage& storage = program.tiles.storage({i});
    if (storage.memory != Memory::shared_hbm || storage.binding != Binding::internal) continue;
    const size_t number = seen[storage.name]++;
    tensors[i] = &find({member.rank, false, storage.name, number, storage.row_bytes()}, storage);
  }
  return tensors;
}

}  // namespace kiln
