// quantize_mx for the scalar level.
#define KILN_CPU_LEVEL scalar
#include "kiln/executor/routines/quantize/generic.h"
