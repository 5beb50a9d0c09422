// Selections and index patterns for AVX2.
#define KILN_CPU_LEVEL avx2
#include "kiln/executor/routines/select/generic.h"
