// The ALU operators for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/alu/generic.h"
