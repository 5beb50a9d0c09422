// nc_stream_shuffle for AVX-512.
#define KILN_CPU_LEVEL avx512
#include "kiln/executor/routines/shuffle/generic.h"
