// The largest eight and the search for eight values for AVX-512.
#define KILN_CPU_LEVEL avx512
#include "kiln/executor/routines/eight_values/generic.h"
