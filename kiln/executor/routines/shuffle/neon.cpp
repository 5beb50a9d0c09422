// nc_stream_shuffle for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/shuffle/generic.h"
