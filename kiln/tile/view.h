// View: how a tensor looks at a storage. A view has a shape and strides, an offset, and a dtype
// that may reinterpret the storage's bytes. Views are values; the operations in view_ops.h make
// new ones.
//
// Addressing. HBM is one row of elements. On-chip memory has one row per partition, dimension 0
// counts partitions and no other dimension leaves its partition. Strides and offset are counted in
// elements of the view's dtype; an on-chip stride[0] is counted in partitions.
#pragma once

#include <cstdint>

#include "kiln/base/dtype.h"
#include "kiln/base/id.h"
#include "kiln/tile/storage.h"

namespace kiln {

using ViewId = Id<struct ViewTag>;
using RegisterId = Id<struct RegisterTag>;
using DynamicId = Id<struct DynamicTag>;
using RankGroupsId = Id<struct RankGroupsTag>;
using ViewListId = Id<struct ViewListTag>;
using NumberListId = Id<struct NumberListTag>;

struct Layout {
  DType dtype = DType::float32;
  uint8_t rank = 0;
  Extents shape;
  Extents stride;

  int64_t elements() const {
    int64_t n = 1;
    for (int i = 0; i < rank; ++i) n *= shape[i];
    return n;
  }
  // Elements per partition of an on-chip view.
  int64_t free_elements() const {
    int64_t n = 1;
    for (int i = 1; i < rank; ++i) n *= shape[i];
    return n;
  }
  friend bool operator==(const Layout&, const Layout&) = default;
};

// A part of a view's address that is known only when the program runs.
struct Dynamic {
  enum class Kind : uint8_t {
    scalar_register,  // a register's value
    scalar_tile,      // the one element of an on-chip tile
    vector_tile,      // one index for each partition of the view
  };
  Kind kind = Kind::scalar_register;
  RegisterId reg;      // scalar_register
  ViewId index;        // scalar_tile, vector_tile
  int64_t stride = 0;  // elements moved for each step of the index (on-chip: within the row)
  int64_t limit = 0;   // indices 0 … limit-1 are in bounds

  friend bool operator==(const Dynamic&, const Dynamic&) = default;
};

struct View {
  StorageId storage;
  int32_t partition = 0;  // first partition; 0 for HBM
  int64_t offset = 0;     // element, within the partition's row for on-chip views
  DynamicId dynamic;
  Layout layout;

  friend bool operator==(const View&, const View&) = default;
};

}  // namespace kiln
