# The package: what others link, the same from find_package, FetchContent and pkg-config.
#
# A component is one archive made of its rooms' objects, with nothing in its interface but what its users need:
#   switchgear::core      core striped policy pipeline registry observe analysis sync
#   switchgear::asio      async                                        needs Boost's headers
#   switchgear::tls       tls                                          needs OpenSSL 3
#   switchgear::http      http                                         needs Boost.URL, Boost.JSON, zlib, OpenSSL 3
#   switchgear::a2a       a2a                                          needs http, Boost.URL, Boost.JSON
#   switchgear::postgres  postgres                                     needs asio and libpq 14
#   switchgear::config    config                                       needs tls, libfyaml and Boost.URL
#   switchgear::telemetry telemetry
#   switchgear::admin     admin                                        needs telemetry, tls, Boost.JSON, Boost.URL
#   switchgear::redis     redis                                        needs tls, hiredis, Boost.URL, Boost.JSON
#   switchgear::testing   testing
# Which room belongs where is said by the room (SwitchgearRoom.cmake); what a component needs follows from its rooms' DEPS.
#
# `cmake --install` has two components of its own: `dev` is all of the above, `bin` the program (app/CMakeLists.txt).

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(SWITCHGEAR_KNOWN_COMPONENTS core asio tls http a2a postgres config telemetry admin redis testing)

# Splits the dependencies of a component's rooms into other components and other people's targets.
function(switchgear_needs COMPONENT COMPONENTS_OUT TARGETS_OUT)
  get_property(ROOMS GLOBAL PROPERTY switchgear_rooms_of_${COMPONENT})
  set(COMPONENTS "")
  set(TARGETS Threads::Threads)
  foreach(ROOM ${ROOMS})
    get_property(DEPS GLOBAL PROPERTY switchgear_deps_of_${ROOM})
    foreach(DEP ${DEPS})
      get_property(OTHER GLOBAL PROPERTY switchgear_component_of_${DEP})
      if(NOT OTHER)
        list(APPEND TARGETS ${DEP})
      elseif(NOT OTHER STREQUAL COMPONENT)
        list(APPEND COMPONENTS ${OTHER})
      endif()
    endforeach()
  endforeach()
  list(REMOVE_DUPLICATES COMPONENTS)
  list(REMOVE_DUPLICATES TARGETS)
  set(${COMPONENTS_OUT} ${COMPONENTS} PARENT_SCOPE)
  set(${TARGETS_OUT} ${TARGETS} PARENT_SCOPE)
endfunction()

function(switchgear_component COMPONENT)
  set(TARGET switchgear_component_${COMPONENT})
  get_property(ROOMS GLOBAL PROPERTY switchgear_rooms_of_${COMPONENT})
  set(OBJECTS "")
  foreach(ROOM ${ROOMS})
    get_target_property(TYPE switchgear_${ROOM} TYPE)
    if(TYPE STREQUAL "STATIC_LIBRARY")
      list(APPEND OBJECTS $<TARGET_OBJECTS:switchgear_${ROOM}>)
    endif()
  endforeach()
  if(OBJECTS)
    add_library(${TARGET} STATIC ${OBJECTS})
    set_target_properties(${TARGET} PROPERTIES
      OUTPUT_NAME switchgear_${COMPONENT} LINKER_LANGUAGE CXX ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/package)
    if(NOT SWITCHGEAR_INSTALL)
      set_target_properties(${TARGET} PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
  else()
    add_library(${TARGET} INTERFACE)
  endif()
  add_library(switchgear::${COMPONENT} ALIAS ${TARGET})
  set_target_properties(${TARGET} PROPERTIES EXPORT_NAME ${COMPONENT})
  target_include_directories(${TARGET} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${TARGET} INTERFACE cxx_std_20)
  switchgear_needs(${COMPONENT} COMPONENTS TARGETS)
  foreach(OTHER ${COMPONENTS})
    target_link_libraries(${TARGET} INTERFACE switchgear_component_${OTHER})
  endforeach()
  target_link_libraries(${TARGET} INTERFACE ${TARGETS})
  if("Boost::headers" IN_LIST TARGETS)
    target_compile_definitions(${TARGET} INTERFACE BOOST_ASIO_NO_DEPRECATED)  # all files of a program must agree
  endif()
endfunction()

# Headers lie in include/switchgear/ROOM as they do here; fixtures and tests stay at home.
function(switchgear_install_component COMPONENT)
  get_property(ROOMS GLOBAL PROPERTY switchgear_rooms_of_${COMPONENT})
  foreach(ROOM ${ROOMS})
    get_property(DIR GLOBAL PROPERTY switchgear_dir_of_${ROOM})
    install(DIRECTORY ${DIR}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/switchgear/${ROOM} COMPONENT dev
      FILES_MATCHING PATTERN "*.hpp" PATTERN "*_fixture.hpp" EXCLUDE PATTERN "*_test.hpp" EXCLUDE PATTERN assets EXCLUDE)
  endforeach()
  if(COMPONENT STREQUAL "core")
    install(FILES ${PROJECT_SOURCE_DIR}/switchgear/switchgear.hpp
      DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/switchgear COMPONENT dev)
  endif()
  install(TARGETS switchgear_component_${COMPONENT} EXPORT switchgear-${COMPONENT}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
  install(EXPORT switchgear-${COMPONENT} NAMESPACE switchgear:: FILE switchgear-${COMPONENT}-targets.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/switchgear COMPONENT dev)

  switchgear_needs(${COMPONENT} COMPONENTS TARGETS)
  list(TRANSFORM COMPONENTS PREPEND "switchgear-" OUTPUT_VARIABLE PC_REQUIRES)
  list(JOIN PC_REQUIRES " " PC_REQUIRES)
  set(PC_CFLAGS "-I\${includedir} -pthread")
  if("Boost::headers" IN_LIST TARGETS)
    string(APPEND PC_CFLAGS " -DBOOST_ASIO_NO_DEPRECATED")
  endif()
  set(PC_LIBS "-pthread")
  get_target_property(TYPE switchgear_component_${COMPONENT} TYPE)
  if(TYPE STREQUAL "STATIC_LIBRARY")
    set(PC_LIBS "-L\${libdir} -lswitchgear_${COMPONENT} -pthread")
  endif()
  if("Boost::url" IN_LIST TARGETS)
    string(APPEND PC_LIBS " -lboost_url")
  endif()
  if("Boost::json" IN_LIST TARGETS)
    string(APPEND PC_LIBS " -lboost_json")
  endif()
  if("ZLIB::ZLIB" IN_LIST TARGETS)
    string(APPEND PC_REQUIRES " zlib")
  endif()
  if("OpenSSL::SSL" IN_LIST TARGETS)
    string(APPEND PC_REQUIRES " openssl")
  endif()
  if("PkgConfig::FYAML" IN_LIST TARGETS)
    string(APPEND PC_REQUIRES " libfyaml")
  endif()
  if("PkgConfig::HIREDIS" IN_LIST TARGETS)
    string(APPEND PC_REQUIRES " hiredis")
  endif()
  if("PkgConfig::PQ" IN_LIST TARGETS)
    string(APPEND PC_REQUIRES " libpq")
  endif()
  # From where the .pc file lies, so that the installed tree can be moved; but a directory given as an absolute path stays there.
  set(PC_PREFIX ${CMAKE_INSTALL_PREFIX})
  if(NOT IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
    file(RELATIVE_PATH PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
    string(REGEX REPLACE "/$" "" PC_PREFIX "\${pcfiledir}/${PC_PREFIX}")
  endif()
  set(PC_INCLUDEDIR "\${prefix}")
  cmake_path(APPEND PC_INCLUDEDIR ${CMAKE_INSTALL_INCLUDEDIR})
  set(PC_LIBDIR "\${prefix}")
  cmake_path(APPEND PC_LIBDIR ${CMAKE_INSTALL_LIBDIR})
  configure_file(${PROJECT_SOURCE_DIR}/cmake/switchgear-component.pc.in
                 ${PROJECT_BINARY_DIR}/package/switchgear-${COMPONENT}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/package/switchgear-${COMPONENT}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endfunction()

# To be called once, behind the last room.
function(switchgear_package)
  set(SWITCHGEAR_BUILT_COMPONENTS "")
  set(SWITCHGEAR_COMPONENT_NEEDS "")
  foreach(COMPONENT ${SWITCHGEAR_KNOWN_COMPONENTS})
    get_property(ROOMS GLOBAL PROPERTY switchgear_rooms_of_${COMPONENT})
    if(NOT ROOMS)
      continue()
    endif()
    switchgear_component(${COMPONENT})
    switchgear_needs(${COMPONENT} COMPONENTS TARGETS)
    list(APPEND SWITCHGEAR_BUILT_COMPONENTS ${COMPONENT})
    string(APPEND SWITCHGEAR_COMPONENT_NEEDS "set(_switchgear_needs_${COMPONENT} ${COMPONENTS})\n"
                                             "set(_switchgear_targets_${COMPONENT} ${TARGETS})\n")
    if(SWITCHGEAR_INSTALL)
      switchgear_install_component(${COMPONENT})
    endif()
  endforeach()
  if(NOT SWITCHGEAR_INSTALL)
    return()
  endif()
  add_custom_target(switchgear_library)
  foreach(COMPONENT ${SWITCHGEAR_BUILT_COMPONENTS})
    add_dependencies(switchgear_library switchgear_component_${COMPONENT})
  endforeach()
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/switchgear-config.cmake.in
    ${PROJECT_BINARY_DIR}/package/switchgear-config.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/switchgear NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/switchgear-config-version.cmake
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/package/switchgear-config.cmake
                ${PROJECT_BINARY_DIR}/package/switchgear-config-version.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/switchgear COMPONENT dev)
endfunction()
