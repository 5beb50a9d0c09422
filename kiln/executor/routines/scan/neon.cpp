// tensor_tensor_scan for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/scan/generic.h"
