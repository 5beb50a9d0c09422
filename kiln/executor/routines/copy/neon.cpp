// Copies and fills for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/copy/generic.h"
