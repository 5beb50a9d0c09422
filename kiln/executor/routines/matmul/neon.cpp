// nc_matmul for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/matmul/generic.h"
