// The ALU operators for AVX2.
#define KILN_CPU_LEVEL avx2
#include "kiln/executor/routines/alu/generic.h"
