# cmake -DNM=… -DLEVEL=… -DOBJECTS=… -P check_symbols.cmake: fails if an object compiled for a CPU
# level defines a function that the linker could share with code for other CPUs.
execute_process(COMMAND ${NM} --demangle --defined-only ${OBJECTS} OUTPUT_VARIABLE symbols
  COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]* [Ww] [^\n]*" weak "${symbols}")
list(FILTER weak EXCLUDE REGEX "kiln::${LEVEL}::")
if(weak)
  list(JOIN weak "\n" text)
  message(FATAL_ERROR "${LEVEL} routines define shared functions:\n${text}")
endif()
