// quantize_mx for AVX-512.
#define KILN_CPU_LEVEL avx512
#include "kiln/executor/routines/quantize/generic.h"
