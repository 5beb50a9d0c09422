// Gathers for AVX-512.
#define KILN_CPU_LEVEL avx512
#include "kiln/executor/routines/gather/generic.h"
