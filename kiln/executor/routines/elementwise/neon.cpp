// Element-wise arithmetic for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/elementwise/generic.h"
