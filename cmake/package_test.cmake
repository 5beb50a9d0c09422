# cmake -DBINARY_DIR=… -DSOURCE_DIR=… -DCXX=… -P package_test.cmake: installs the build into a fresh
# prefix, then builds and runs a project of its own that finds it there.

set(scratch ${BINARY_DIR}/package_test)
file(REMOVE_RECURSE ${scratch})

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${BINARY_DIR} --prefix ${scratch}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE_DIR} -B ${scratch}/build -G Ninja
  -DCMAKE_PREFIX_PATH=${scratch}/prefix -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_BUILD_TYPE=Release
  -DCMAKE_CXX_FLAGS=-Werror)
run(${CMAKE_COMMAND} --build ${scratch}/build)
run(${scratch}/build/kiln_user)
