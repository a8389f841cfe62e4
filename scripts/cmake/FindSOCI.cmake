# SOCI 4.0 as Debian packages it: neither CMake nor pkg-config files. Defines SOCI::core and SOCI::sqlite3,
# and SOCI::postgresql where its backend is installed.
find_path(SOCI_INCLUDE_DIR soci/soci.h)
find_library(SOCI_CORE_LIBRARY soci_core)
find_library(SOCI_SQLITE3_LIBRARY soci_sqlite3)
find_path(SQLITE3_INCLUDE_DIR sqlite3.h)
find_library(SQLITE3_LIBRARY sqlite3)
find_library(SOCI_POSTGRESQL_LIBRARY soci_postgresql)
find_path(PQ_INCLUDE_DIR libpq-fe.h PATH_SUFFIXES postgresql)
find_library(PQ_LIBRARY pq)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SOCI REQUIRED_VARS SOCI_INCLUDE_DIR SOCI_CORE_LIBRARY SOCI_SQLITE3_LIBRARY
                                  SQLITE3_INCLUDE_DIR SQLITE3_LIBRARY)
if(SOCI_FOUND AND NOT TARGET SOCI::core)
  add_library(SOCI::core UNKNOWN IMPORTED)
  set_target_properties(SOCI::core PROPERTIES IMPORTED_LOCATION ${SOCI_CORE_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES "${SOCI_INCLUDE_DIR};${SOCI_INCLUDE_DIR}/soci")
  add_library(SOCI::sqlite3 UNKNOWN IMPORTED)
  set_target_properties(SOCI::sqlite3 PROPERTIES IMPORTED_LOCATION ${SOCI_SQLITE3_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${SQLITE3_INCLUDE_DIR}
                        INTERFACE_LINK_LIBRARIES "SOCI::core;${SQLITE3_LIBRARY}")
  if(SOCI_POSTGRESQL_LIBRARY AND PQ_INCLUDE_DIR AND PQ_LIBRARY)
    add_library(SOCI::postgresql UNKNOWN IMPORTED)
    set_target_properties(SOCI::postgresql PROPERTIES IMPORTED_LOCATION ${SOCI_POSTGRESQL_LIBRARY}
                          INTERFACE_INCLUDE_DIRECTORIES ${PQ_INCLUDE_DIR}
                          INTERFACE_LINK_LIBRARIES "SOCI::core;${PQ_LIBRARY}")
  endif()
endif()
