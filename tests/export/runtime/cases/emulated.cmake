# Builds the engine for aarch64 (preset edge-aarch64) and checks it under qemu-user: its int8 kernels by their own tests,
# all of it on cases that the interpreters of this build wrote. Needs the packages g++-aarch64-linux-gnu and qemu-user.
find_program(COMPILER aarch64-linux-gnu-g++)
find_program(EMULATOR NAMES qemu-aarch64 qemu-aarch64-static)
if(NOT COMPILER OR NOT EMULATOR)
  message(FATAL_ERROR "aarch64-linux-gnu-g++ or qemu-aarch64 is missing: install g++-aarch64-linux-gnu and qemu-user")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} --preset edge-aarch64 -B ${BINARY} WORKING_DIRECTORY ${SOURCE}
                COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BINARY} --target check_cases check_kernels
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${EMULATOR} -cpu max -L /usr/aarch64-linux-gnu ${BINARY}/bin/check_kernels
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${WRITE_CASES} ${BINARY}/cases COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${EMULATOR} -cpu max -L /usr/aarch64-linux-gnu ${BINARY}/bin/check_cases ${BINARY}/cases
                COMMAND_ERROR_IS_FATAL ANY)
