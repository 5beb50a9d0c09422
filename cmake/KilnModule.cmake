# kiln_module(<name> [USES <module>…] [LINKS <target>…]): the folder kiln/<name> as one target,
# kiln::<name>. Sources, public headers, tests and fuzzers are the folder's files by their suffix,
# so a new file needs no edit here.

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
option(KILN_LIBFUZZER "Drive the fuzzers by libFuzzer instead of a plain main" OFF)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

add_library(kiln_options INTERFACE)
set_target_properties(kiln_options PROPERTIES EXPORT_NAME options)
target_compile_features(kiln_options INTERFACE cxx_std_20)
# Results must not depend on how a compiler contracts or reorders float arithmetic. Contraction also
# concerns who includes the headers: a linker keeps any one copy of an inline function.
target_compile_options(kiln_options INTERFACE -ffp-contract=off
  $<BUILD_INTERFACE:-fno-math-errno>)
target_include_directories(kiln_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
if(KILN_WERROR)
  set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
    -Wno-missing-field-initializers -Werror
    # GCC 12 warns of overlap inside its own std::string.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
  target_compile_options(kiln_options INTERFACE "$<BUILD_INTERFACE:${warnings}>")
endif()

function(kiln_module name)
  cmake_parse_arguments(ARG "" "" "USES;LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  file(GLOB headers CONFIGURE_DEPENDS *.h)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cpp)
  file(GLOB benches CONFIGURE_DEPENDS *_bench.cpp)
  file(GLOB fuzzers CONFIGURE_DEPENDS *_fuzz.cpp)
  list(REMOVE_ITEM sources ${tests} ${benches} ${fuzzers})

  if(sources)
    add_library(kiln_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(kiln_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(kiln::${name} ALIAS kiln_${name})
  set_target_properties(kiln_${name} PROPERTIES EXPORT_NAME ${name})
  target_sources(kiln_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}
    FILES ${headers})
  list(TRANSFORM ARG_USES PREPEND kiln::)
  target_link_libraries(kiln_${name} ${scope} kiln_options ${ARG_USES} ${ARG_LINKS})
  if(KILN_INSTALL)
    install(TARGETS kiln_${name} EXPORT kilnTargets FILE_SET HEADERS)
  endif()

  if(KILN_TESTS AND tests)
    add_executable(${name}_test ${tests} ${PROJECT_SOURCE_DIR}/tests/doctest_main.cpp)
    target_link_libraries(${name}_test PRIVATE kiln::${name} doctest::doctest)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES LABELS unit)
  endif()
  if(KILN_TESTS)
    foreach(source ${fuzzers})
      kiln_fuzzer(${source} kiln::${name})
    endforeach()
  endif()
endfunction()

# The fuzzer <source>, tried on what lies in tests/fuzz/<its name>, and if it reads texts on the
# goldens.
function(kiln_fuzzer source library)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE ${library})
  set(seeds ${PROJECT_SOURCE_DIR}/tests/fuzz/${name})
  if(name MATCHES "^text" AND EXISTS ${PROJECT_SOURCE_DIR}/tests/golden)
    list(APPEND seeds ${PROJECT_SOURCE_DIR}/tests/golden)
  endif()
  if(KILN_LIBFUZZER)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set(corpus ${CMAKE_CURRENT_BINARY_DIR}/${name}_corpus)
    file(MAKE_DIRECTORY ${corpus})
    add_test(NAME ${name} COMMAND ${name} -max_total_time=60 ${corpus} ${seeds})
  else()
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz_main.cpp)
    add_test(NAME ${name} COMMAND ${name} ${seeds})
  endif()
  set_tests_properties(${name} PROPERTIES LABELS fuzz)
endfunction()
