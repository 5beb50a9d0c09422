// Transposes for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/transpose/generic.h"
