#include "kiln/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace kiln {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "kiln: internal error: KILN_CHECK(%s) failed at %s:%d\n", condition, file,
               line);
  std::abort();
}

}  // namespace kiln
