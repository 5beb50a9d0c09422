// quantize_mx for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/quantize/generic.h"
