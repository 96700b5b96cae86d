# Libraries, headers, program, CMake package and pkg-config file.
include(CMakePackageConfigHelpers)

install(TARGETS mix_lib mix_distributions mix_models mixture EXPORT mixtureTargets FILE_SET HEADERS)
if(TARGET mixture_cli)
  install(TARGETS mixture_cli)
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mixture)
install(EXPORT mixtureTargets NAMESPACE mixture:: DESTINATION ${package_dir})
configure_package_config_file(.cmake/mixtureConfig.cmake.in ${PROJECT_BINARY_DIR}/mixtureConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mixtureConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mixtureConfig.cmake
              ${PROJECT_BINARY_DIR}/mixtureConfigVersion.cmake
        DESTINATION ${package_dir})

# The prefix is written relative to the file, so that an installed tree can be moved.
set(prefix_from_pkgconfig /)
cmake_path(RELATIVE_PATH prefix_from_pkgconfig BASE_DIRECTORY /${CMAKE_INSTALL_LIBDIR}/pkgconfig)
configure_file(.cmake/mixture.pc.in ${PROJECT_BINARY_DIR}/mixture.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/mixture.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
