# Installs the library into a scratch prefix and builds and runs a user's project against it, by its CMake
# package and by pkg-config.  cmake -D BUILD= -D SOURCE= -D SCRATCH= -D MODEL= -D CC= -D ATTO= -D PICTURES=
# -P run.cmake
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
file(REMOVE_RECURSE ${SCRATCH})
set(prefix ${SCRATCH}/prefix)
run(${CMAKE_COMMAND} --install ${BUILD} --component edge --prefix ${prefix})
run(${CMAKE_COMMAND} -G Ninja -S ${SOURCE}/tests/consumer -B ${SCRATCH}/build -DCMAKE_PREFIX_PATH=${prefix}
    -DEXAMPLES=${SOURCE}/docs/examples -DCMAKE_BUILD_TYPE=Release)
run(${CMAKE_COMMAND} --build ${SCRATCH}/build)
run(${SCRATCH}/build/c_consumer ${MODEL} ${SCRATCH}/image.jpg)
run(${SCRATCH}/build/cpp_consumer ${MODEL})
run(${SCRATCH}/build/classify_jpeg ${MODEL} ${SCRATCH}/image.jpg)
run(${PICTURES} ${SCRATCH}/pictures)
run(python3 ${SOURCE}/tests/consumer/agree.py ${ATTO} ${SCRATCH}/build/classify_jpeg ${SCRATCH}/pictures)
set(ENV{PKG_CONFIG_PATH} ${prefix}/lib/pkgconfig)
execute_process(COMMAND pkg-config --cflags --libs --static atto_edge OUTPUT_VARIABLE flags
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
run(${CC} ${SOURCE}/docs/examples/classify_jpeg.c -o ${SCRATCH}/by_pkg_config ${flags} -ljpeg)
run(${SCRATCH}/by_pkg_config ${MODEL} ${SCRATCH}/image.jpg)

# The program of the format's page, on the delivered winner and a black image.
file(READ ${SOURCE}/docs/targets/atto.md page)
string(REGEX MATCH "    #include <atto/edge.h>.*\n    }\n" program "${page}")
file(WRITE ${SCRATCH}/main.c "${program}")
run(${CC} -Wall -Wextra -Werror ${SCRATCH}/main.c -o ${SCRATCH}/main ${flags} -lstdc++ -lm)
run(${ATTO} export ${SOURCE}/tests/interop/winner --to atto --out ${SCRATCH})
run(head -c 784 /dev/zero OUTPUT_FILE ${SCRATCH}/black)
execute_process(COMMAND ${SCRATCH}/main INPUT_FILE ${SCRATCH}/black WORKING_DIRECTORY ${SCRATCH} OUTPUT_VARIABLE said
                COMMAND_ERROR_IS_FATAL ANY)
if(NOT said MATCHES "^[A-Z][A-Za-z/ -]+\n$")
  message(FATAL_ERROR "the page's program says ${said}")
endif()
