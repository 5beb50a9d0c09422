// tensor_tensor_scan for the scalar level.
#define KILN_CPU_LEVEL scalar
#include "kiln/executor/routines/scan/generic.h"
