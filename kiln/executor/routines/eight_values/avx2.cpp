// The largest eight and the search for eight values for AVX2.
#define KILN_CPU_LEVEL avx2
#include "kiln/executor/routines/eight_values/generic.h"
