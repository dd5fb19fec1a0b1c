# One room is one static library and, beside its sources, one test program. Rooms of the library belong to a component of
# the package (SwitchgearPackage.cmake).
#
#   switchgear_room(policy SOURCES a.cpp b.cpp DEPS core COMPONENT core)   → target switchgear_policy
#   switchgear_room_test(policy SOURCES a_test.cpp DEPS testing)           → target policy_test, its cases in ctest

# Requirements for this project's own files. Users do not inherit them: the package's targets do not link it.
add_library(switchgear_flags INTERFACE)
target_include_directories(switchgear_flags INTERFACE ${PROJECT_SOURCE_DIR})
# Asio functions that take an error_code return void with it and an error_code without, under one mangled name: files that
# disagree call each other with the wrong convention, and crash where the compiler did not inline.
target_compile_definitions(switchgear_flags INTERFACE BOOST_ASIO_NO_DEPRECATED)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(switchgear_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these falsely inside the standard library and Boost at -O2.
  target_compile_options(switchgear_flags INTERFACE
    -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-tsan)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12's stable_sort uses a buffer that it marks deprecated itself.
  target_compile_options(switchgear_flags INTERFACE -Wno-deprecated-declarations)
endif()
target_link_libraries(switchgear_flags INTERFACE Threads::Threads)

# A dependency is a room, which may be defined later, or any other target.
function(switchgear_link TARGET SCOPE)
  foreach(DEP ${ARGN})
    if(TARGET switchgear_${DEP} OR EXISTS ${PROJECT_SOURCE_DIR}/switchgear/${DEP}/CMakeLists.txt)
      set(DEP switchgear_${DEP})
    endif()
    target_link_libraries(${TARGET} ${SCOPE} ${DEP})
  endforeach()
endfunction()

# The archives go into their users' shared libraries too. In a program the linker turns calls, addresses and thread-locals
# back into what they are without it; what would remain is that g++ inlines nothing that another library might replace.
function(switchgear_position_independent TARGET)
  get_target_property(TYPE ${TARGET} TYPE)
  if(TYPE STREQUAL "STATIC_LIBRARY")
    set_target_properties(${TARGET} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_compile_options(${TARGET} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang>:-fno-semantic-interposition>)
  endif()
endfunction()

function(switchgear_room NAME)
  cmake_parse_arguments(ROOM "" "COMPONENT" "SOURCES;DEPS" ${ARGN})
  if(ROOM_SOURCES)
    add_library(switchgear_${NAME} STATIC ${ROOM_SOURCES})
    set(SCOPE PUBLIC)
  else()
    add_library(switchgear_${NAME} INTERFACE)
    set(SCOPE INTERFACE)
  endif()
  target_link_libraries(switchgear_${NAME} ${SCOPE} switchgear_flags)
  switchgear_link(switchgear_${NAME} ${SCOPE} ${ROOM_DEPS})
  set(LIBRARY_DIR ${PROJECT_SOURCE_DIR}/switchgear)
  cmake_path(IS_PREFIX LIBRARY_DIR ${CMAKE_CURRENT_SOURCE_DIR} OF_THE_LIBRARY)
  if(OF_THE_LIBRARY AND NOT ROOM_COMPONENT)
    message(FATAL_ERROR "room ${NAME} of the library belongs to no component; say COMPONENT core, asio, tls, http, a2a, postgres, config, telemetry, admin, redis or testing")
  endif()
  if(ROOM_COMPONENT)
    set_property(GLOBAL APPEND PROPERTY switchgear_rooms_of_${ROOM_COMPONENT} ${NAME})
    set_property(GLOBAL PROPERTY switchgear_component_of_${NAME} ${ROOM_COMPONENT})
    set_property(GLOBAL PROPERTY switchgear_deps_of_${NAME} ${ROOM_DEPS})
    set_property(GLOBAL PROPERTY switchgear_dir_of_${NAME} ${CMAKE_CURRENT_SOURCE_DIR})
    switchgear_position_independent(switchgear_${NAME})
    if(NOT SWITCHGEAR_INSTALL)
      set_target_properties(switchgear_${NAME} PROPERTIES EXCLUDE_FROM_ALL ON)  # a guest builds what its host links
    endif()
  endif()
endfunction()

# switchgear_tests(TARGET PREFIX room [TIMEOUT seconds] [WAITS]): the cases of a GoogleTest program in ctest, as
# room.Suite.Case. A case with a parameter is called by the parameter's name or number: printed values can be hundreds of
# columns wide, and padding bytes among them change the name from build to build.
#
# Under a sanitizer, starting the program costs more than most cases do: SWITCHGEAR_WHOLE_PROGRAMS makes one test of all
# cases, room.program. Not of those that WAIT for processes and sockets: they are quicker side by side.
function(switchgear_tests TARGET)
  cmake_parse_arguments(TESTS "WAITS" "PREFIX;TIMEOUT" "" ${ARGN})
  if(NOT TESTS_TIMEOUT)
    set(TESTS_TIMEOUT 300)
  endif()
  if(SWITCHGEAR_WHOLE_PROGRAMS AND NOT TESTS_WAITS)
    add_test(NAME ${TESTS_PREFIX}.${TARGET} COMMAND ${TARGET} --gtest_brief=1)
    set_tests_properties(${TESTS_PREFIX}.${TARGET} PROPERTIES TIMEOUT 1200)
  else()
    gtest_discover_tests(${TARGET} TEST_PREFIX "${TESTS_PREFIX}." NO_PRETTY_VALUES
                         PROPERTIES TIMEOUT ${TESTS_TIMEOUT} DISCOVERY_TIMEOUT 300)
  endif()
endfunction()

function(switchgear_room_test NAME)
  if(NOT SWITCHGEAR_TESTS)
    return()
  endif()
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPS" ${ARGN})
  if(NOT SWITCHGEAR_RAPIDCHECK)
    foreach(SOURCE ${ROOM_SOURCES})
      file(STRINGS ${SOURCE} RAPIDCHECK REGEX "#include.*(rapidcheck|property_fixture)" LIMIT_COUNT 1)
      if(RAPIDCHECK)
        list(REMOVE_ITEM ROOM_SOURCES ${SOURCE})
      endif()
    endforeach()
    list(REMOVE_ITEM ROOM_DEPS rapidcheck)
  endif()
  add_executable(${NAME}_test ${ROOM_SOURCES})
  target_link_libraries(${NAME}_test PRIVATE GTest::gtest_main)
  switchgear_link(${NAME}_test PRIVATE ${NAME} ${ROOM_DEPS})
  switchgear_tests(${NAME}_test PREFIX ${NAME})
endfunction()

# switchgear_optimised(source...): tests of races and allocations in what they instantiate from headers, as users compile it;
# the other tests of a program may be without optimisation (SwitchgearPrecompiled.cmake).
function(switchgear_optimised)
  set_source_files_properties(${ARGN} PROPERTIES
    SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS $<$<NOT:$<CONFIG:Debug>>:-O2>)
endfunction()
