# What `cmake --install` brings beside the edge library: the commands, what ships with them, a manual page and
# completions; and how cpack makes Debian packages of it all.
include(GNUInstallDirs)
set(share ${CMAKE_INSTALL_DATADIR}/attoforge)
set(CMAKE_INSTALL_DOCDIR ${CMAKE_INSTALL_DATADIR}/doc/attoforge)

install(TARGETS atto RUNTIME COMPONENT tools)
install(DIRECTORY prototypes design_specs DESTINATION ${share} COMPONENT tools FILES_MATCHING PATTERN "*.json")
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT tools PATTERN data EXCLUDE)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright COMPONENT tools)
install(FILES search/cli/shell/atto.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME atto
        COMPONENT tools)
install(FILES search/cli/shell/_atto DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT tools)

set(speakers atto)
if(ATTO_BUILD_TRAINER)
  install(TARGETS atto-trainer RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/atto COMPONENT tools)
  list(APPEND speakers atto-trainer)
endif()
add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/atto.1
                   COMMAND $<TARGET_FILE:atto> __manual > ${PROJECT_BINARY_DIR}/atto.1.new
                   COMMAND ${CMAKE_COMMAND} -E rename ${PROJECT_BINARY_DIR}/atto.1.new ${PROJECT_BINARY_DIR}/atto.1
                   DEPENDS ${speakers} COMMENT "Writing the manual page" VERBATIM)
add_custom_target(atto_manual_page ALL DEPENDS ${PROJECT_BINARY_DIR}/atto.1)
install(FILES ${PROJECT_BINARY_DIR}/atto.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The AttoForge authors <attoforge@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Designs compact neural networks together with you")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL tools edge)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME attoforge)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS dataset-fashion-mnist)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION science)
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "The atto command, its trainer, prototypes and design specs.")
set(CPACK_DEBIAN_EDGE_PACKAGE_NAME libatto-edge-dev)
set(CPACK_DEBIAN_EDGE_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_EDGE_PACKAGE_SHLIBDEPS OFF)
set(CPACK_COMPONENT_EDGE_DESCRIPTION "The edge engine that runs .atto models: a static library, its C and C++ headers.")
include(CPack)
