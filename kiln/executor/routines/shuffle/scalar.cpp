// nc_stream_shuffle for the scalar level.
#define KILN_CPU_LEVEL scalar
#include "kiln/executor/routines/shuffle/generic.h"
