# One room is one static library and, beside its sources, one test program.
#
#   switchgear_room(policy SOURCES a.cpp b.cpp DEPS core)         → target switchgear_policy, alias switchgear::policy
#   switchgear_room_test(policy SOURCES a_test.cpp DEPS testing)  → target policy_test, its cases in ctest

add_library(switchgear_flags INTERFACE)
target_include_directories(switchgear_flags INTERFACE ${PROJECT_SOURCE_DIR})
# Asio functions that take an error_code return void with it and an error_code without, under one mangled name: files that
# disagree call each other with the wrong convention, and crash where the compiler did not inline.
target_compile_definitions(switchgear_flags INTERFACE BOOST_ASIO_NO_DEPRECATED)
target_compile_options(switchgear_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these falsely inside the standard library and Boost at -O2.
  target_compile_options(switchgear_flags INTERFACE
    -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-tsan)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12's stable_sort uses a buffer that it marks deprecated itself.
  target_compile_options(switchgear_flags INTERFACE -Wno-deprecated-declarations)
endif()
target_link_libraries(switchgear_flags INTERFACE Threads::Threads)

function(switchgear_room NAME)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPS" ${ARGN})
  if(ROOM_SOURCES)
    add_library(switchgear_${NAME} STATIC ${ROOM_SOURCES})
    set(SCOPE PUBLIC)
  else()
    add_library(switchgear_${NAME} INTERFACE)
    set(SCOPE INTERFACE)
  endif()
  add_library(switchgear::${NAME} ALIAS switchgear_${NAME})
  target_link_libraries(switchgear_${NAME} ${SCOPE} switchgear_flags)
  foreach(DEP ${ROOM_DEPS})
    if(TARGET switchgear_${DEP})
      target_link_libraries(switchgear_${NAME} ${SCOPE} switchgear_${DEP})
    else()
      target_link_libraries(switchgear_${NAME} ${SCOPE} ${DEP})
    endif()
  endforeach()
endfunction()

function(switchgear_room_test NAME)
  if(NOT SWITCHGEAR_TESTS)
    return()
  endif()
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${NAME}_test ${ROOM_SOURCES})
  target_link_libraries(${NAME}_test PRIVATE GTest::gtest_main)
  foreach(DEP ${NAME} ${ROOM_DEPS})
    if(TARGET switchgear_${DEP})
      target_link_libraries(${NAME}_test PRIVATE switchgear_${DEP})
    else()
      target_link_libraries(${NAME}_test PRIVATE ${DEP})
    endif()
  endforeach()
  gtest_discover_tests(${NAME}_test TEST_PREFIX "${NAME}." PROPERTIES TIMEOUT 300 DISCOVERY_TIMEOUT 60)
endfunction()
