// The vector vocabulary of one CPU level. A routine's source is compiled once a level; the level's
// file defines KILN_CPU_LEVEL, which names its namespace, and CMake gives the compile flags that
// decide what Highway's vectors are. Everything here is in that namespace: two levels must not
// share an inline function, or the linker might keep the copy that this CPU cannot run.
#pragma once

#include <hwy/highway.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace kiln::KILN_CPU_LEVEL {

namespace hn = hwy::HWY_NAMESPACE;

// The scalar level: vectors of one element. Highway's MulAdd rounds twice there, and it has no
// operations between elements.
inline constexpr bool scalar_only = HWY_TARGET == HWY_SCALAR;

// Loads and stores of a part of a vector touch nothing else.
inline constexpr bool masked_memory = HWY_CAP_GE256;

using Floats = hn::ScalableTag<float>;
using Words = hn::RebindToUnsigned<Floats>;
using Ints = hn::RebindToSigned<Floats>;
using Doubles = hn::ScalableTag<double>;
// As many floats as there are doubles in a vector.
using HalfFloats = hn::Rebind<float, Doubles>;
template <class D>
using Vec = hn::VFromD<D>;

inline constexpr int64_t lanes = static_cast<int64_t>(hn::MaxLanes(Floats()));

// The one fused multiply-add a * b + c, at every level.
template <class D>
HWY_INLINE Vec<D> fma(D d, Vec<D> a, Vec<D> b, Vec<D> c) {
  if constexpr (scalar_only) {
    return hn::Set(d, std::fma(hn::GetLane(a), hn::GetLane(b), hn::GetLane(c)));
  } else {
    return hn::MulAdd(a, b, c);
  }
}

// How much of a vector is loaded or stored.
struct Whole {};
struct Part {
  int64_t n;  // its first n elements, fewer than all
};

template <class D, class T = hn::TFromD<D>>
HWY_INLINE Vec<D> load(D d, const T* p, Whole) {
  return hn::LoadU(d, p);
}
// Zeros behind the part.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE Vec<D> load(D d, const T* p, Part part) {
  if constexpr (masked_memory && sizeof(T) >= 4) {
    return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(part.n)), d, p);
  } else {
    T all[hn::MaxLanes(D())] = {};
    std::memcpy(all, p, static_cast<size_t>(part.n) * sizeof(T));
    return hn::LoadU(d, all);
  }
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store(D d, Vec<D> v, T* p, Whole) {
  hn::StoreU(v, d, p);
}
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store(D d, Vec<D> v, T* p, Part part) {
  if constexpr (masked_memory && sizeof(T) >= 4) {
    hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(part.n)), d, p);
  } else {
    T all[hn::MaxLanes(D())];
    hn::StoreU(v, d, all);
    std::memcpy(p, all, static_cast<size_t>(part.n) * sizeof(T));
  }
}

// Calls step(i, extent) for i = 0, lanes, 2 * lanes … below count; extent is Part at the end if
// count is not a multiple of lanes.
template <class Step>
HWY_INLINE void for_each_vector(int64_t count, const Step& step) {
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) step(i, Whole{});
  if constexpr (lanes > 1) {
    if (i < count) step(i, Part{count - i});
  }
}

}  // namespace kiln::KILN_CPU_LEVEL
