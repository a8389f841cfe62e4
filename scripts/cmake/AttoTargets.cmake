# What every target of ours has in common: C++20, warnings, no contraction of a * b + c (results must not
# depend on the compiler's mood), sanitizers on request, ccache where it is installed.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
endif()

add_library(atto_options INTERFACE)
target_compile_features(atto_options INTERFACE cxx_std_20)
# GCC 12 sees overlapping copies in std::string's operator+ where there are none (GCC bug 105651).
target_compile_options(atto_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> -ffp-contract=off
                       -fpch-preprocess $<$<BOOL:${ATTO_WERROR}>:-Werror>)
target_include_directories(atto_options INTERFACE ${PROJECT_SOURCE_DIR})
if(ATTO_SANITIZE)
  # The checks of every pointer that is followed cost up to a third of a file's compilation. A null pointer faults without them; where
  # memory comes from files (export/) alignment is checked all the same.
  add_compile_options(-fsanitize=${ATTO_SANITIZE} -fno-sanitize=null,object-size,alignment -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ATTO_SANITIZE})
endif()

if(ATTO_FUZZ)  # libFuzzer follows what our libraries do, too
  target_compile_options(atto_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# atto_library(NAME SOURCES...): the static library atto_NAME with its alias atto::NAME.
function(atto_library name)
  add_library(atto_${name} STATIC ${ARGN})
  add_library(atto::${name} ALIAS atto_${name})
  target_link_libraries(atto_${name} PUBLIC atto_options)
endfunction()

# atto_compile_together(TARGET): its sources eight at a time, which reads what they all include once: the quickstart's
# build takes 6 minutes instead of 8. Their unnamed namespaces must not clash. scripts/compile_apart.py reads each by
# itself: none may rest on what another one includes.
option(ATTO_COMPILE_TOGETHER "Compile the sources of large targets eight at a time" ON)
function(atto_compile_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${ATTO_COMPILE_TOGETHER})
endfunction()

# atto_compile_quickly(TARGET): for code that reads, plans and prints, whose own time nobody feels: -O3 takes half as
# long again to compile it as -O1, and with sanitizers -O1 takes twice as long as -O0.
function(atto_compile_quickly target)
  if(ATTO_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  else()
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()

# atto_optimise(TARGET OPTION): for code that computes; under sanitizers as much as all other code.
function(atto_optimise target option)
  if(NOT ATTO_SANITIZE)
    target_compile_options(${target} PRIVATE ${option})
  endif()
endfunction()

# atto_test(NAME LABEL [EACH_FILE] SOURCES... LIBS libraries...): a Catch2 program that runs as one ctest, or as one for
# each of its files, which run beside each other.
function(atto_test name label)
  cmake_parse_arguments(arg EACH_FILE "" "LIBS" ${ARGN})
  add_executable(test_${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(test_${name} PRIVATE ${arg_LIBS} atto_test_main)
  atto_compile_quickly(test_${name})
  atto_compile_together(test_${name})
  target_compile_definitions(test_${name} PRIVATE ATTO_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             ATTO_BIN_DIR="${PROJECT_BINARY_DIR}/bin")
  if(label STREQUAL unit)
    set_property(GLOBAL APPEND PROPERTY ATTO_UNIT_TESTS test_${name})
  endif()
  if(arg_EACH_FILE)
    foreach(file ${arg_UNPARSED_ARGUMENTS})
      cmake_path(GET file STEM stem)
      string(REGEX REPLACE "_test$" "" part ${stem})
      set(run ${label}.${name}_${part})
      add_test(NAME ${run} COMMAND test_${name} --warn NoTests --filenames-as-tags "[#${stem}]~[.]")
      list(APPEND runs ${run})
    endforeach()
  else()
    set(runs ${label}.${name})
    add_test(NAME ${runs} COMMAND test_${name})
  endif()
  set_tests_properties(${runs} PROPERTIES LABELS ${label} TIMEOUT 600)
  if(ATTO_SANITIZE MATCHES thread)
    set_tests_properties(${runs} PROPERTIES
                         ENVIRONMENT TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp)
  endif()
endfunction()
