// quantize_mx for AVX2.
#define KILN_CPU_LEVEL avx2
#include "kiln/executor/routines/quantize/generic.h"
