// Result<T>: a value or an Error. For the outside world (files, text, arrays handed in) and for
// operations whose caller decides how to report a failure.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "kiln/base/check.h"

namespace kiln {

// What went wrong, as one lower-case sentence without a full stop.
struct Error {
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const T& value() const& {
    KILN_CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    KILN_CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() {
    KILN_CHECK(ok());
    return &std::get<0>(state_);
  }

  const Error& error() const {
    KILN_CHECK(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

// Success without a value, or an Error.
struct Done {};
using Status = Result<Done>;

}  // namespace kiln
