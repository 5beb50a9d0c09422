// softmax(q k^T / sqrt(d)) v, without ever holding more scores than one tile: the softmax of a row
// is built up from tile to tile of keys (Dao et al., FlashAttention, 2022). The Python twin is
// examples/python/flash_attention.py.
#pragma once

#include "kiln/dsl/tensor.h"

namespace examples {

// q and k are [d, seq], v is [seq, d], the result [seq, d]; d is at most 128, seq a multiple of
// 128. With `causal` a query sees only the keys up to its own position.
kiln::dsl::Tensor flash_attention(kiln::dsl::Tensor q, kiln::dsl::Tensor k, kiln::dsl::Tensor v,
                                  bool causal);

}  // namespace examples
