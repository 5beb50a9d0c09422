// The ALU operators for the scalar level.
#define KILN_CPU_LEVEL scalar
#include "kiln/executor/routines/alu/generic.h"
