// tensor_tensor_scan for AVX-512.
#define KILN_CPU_LEVEL avx512
#include "kiln/executor/routines/scan/generic.h"
