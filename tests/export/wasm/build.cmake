# Builds the preset edge-wasm into BINARY.
find_program(COMPILER clang++-14)
find_program(LINKER NAMES wasm-ld-14)
if(NOT COMPILER OR NOT LINKER OR NOT EXISTS /usr/lib/wasm32-wasi/libc.a)
  message(FATAL_ERROR "clang++-14, wasm-ld-14 or wasi-libc is missing: scripts/install_packages.sh --web")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} --preset edge-wasm -B ${BINARY} -DATTO_WERROR=ON WORKING_DIRECTORY ${SOURCE}
                COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BINARY} --target atto_edge_wasm COMMAND_ERROR_IS_FATAL ANY)
