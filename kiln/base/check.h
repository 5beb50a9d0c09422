// KILN_CHECK and KILN_DCHECK: our own invariants. A failed check is a bug in Kiln, never in the
// user's program; it prints the condition and place and aborts. User mistakes are diagnostics.
#pragma once

namespace kiln {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace kiln

#define KILN_CHECK(condition)                          \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::kiln::check_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define KILN_DCHECK(condition) static_cast<void>(0)
#else
#define KILN_DCHECK(condition) KILN_CHECK(condition)
#endif
