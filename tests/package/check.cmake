# One way of using the package, from nothing to the consumer's exit status. Run by ctest:
#
#   cmake -D WAY=install|found|unknown|pkg_config|every_header|fetched … -P check.cmake
#
# INSTALLED is where the fixture `install` puts the package; WORK is this check's own directory.

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE STATUS OUTPUT_VARIABLE OUTPUT ERROR_VARIABLE OUTPUT)
  set(OUTPUT "${OUTPUT}" PARENT_SCOPE)
  if(NOT STATUS EQUAL 0)
    list(JOIN ARGV " " LINE)
    message(FATAL_ERROR "${LINE}\n${OUTPUT}\nended with ${STATUS}")
  endif()
endfunction()

# Sets STATUS and OUTPUT. In one piece, because a list inside an argument does not survive a second expansion.
function(configure)
  string(REPLACE "," ";" WANTED "${COMPONENTS}")
  execute_process(COMMAND ${CONFIGURE} "-DCOMPONENTS=${WANTED}" ${ARGV}
                  RESULT_VARIABLE STATUS OUTPUT_VARIABLE OUTPUT ERROR_VARIABLE OUTPUT)
  set(STATUS ${STATUS} PARENT_SCOPE)
  set(OUTPUT "${OUTPUT}" PARENT_SCOPE)
endfunction()

# A copy, so that nothing is found by lying beside it.
file(REMOVE_RECURSE ${WORK})
file(COPY ${SOURCE}/tests/package/consumer DESTINATION ${WORK})
set(CONFIGURE ${CMAKE_COMMAND} -S ${WORK}/consumer -B ${WORK}/build -G Ninja
  -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} "-DCMAKE_CXX_FLAGS=${FLAGS}"
  -DCMAKE_PREFIX_PATH=${INSTALLED})

if(WAY STREQUAL "install")
  file(REMOVE_RECURSE ${INSTALLED})
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${INSTALLED})
  file(GLOB_RECURSE STRAYS ${INSTALLED}/*_test.hpp ${INSTALLED}/*_fixture.hpp ${INSTALLED}/*.cpp)
  file(GLOB_RECURSE HEADERS ${INSTALLED}/include/*.hpp)
  foreach(HEADER ${HEADERS})
    file(STRINGS ${HEADER} NEEDS REGEX "#include <(gtest|rapidcheck)")
    if(NEEDS)
      list(APPEND STRAYS ${HEADER})
    endif()
  endforeach()
  if(STRAYS OR NOT HEADERS)
    message(FATAL_ERROR "installed what belongs to tests, or nothing: ${STRAYS}")
  endif()

elseif(WAY STREQUAL "unknown")
  configure()
  string(REGEX REPLACE "[ \n]+" " " OUTPUT "${OUTPUT}")
  if(STATUS EQUAL 0 OR NOT OUTPUT MATCHES "switchgear has no component 'redis'; its components are: core asio http( config)? testing")
    message(FATAL_ERROR "asked for an unknown component, it answered ${STATUS}: ${OUTPUT}")
  endif()

elseif(WAY STREQUAL "pkg_config")
  file(GLOB_RECURSE PC ${INSTALLED}/switchgear-core.pc)
  cmake_path(GET PC PARENT_PATH PC_DIR)
  set(ENV{PKG_CONFIG_PATH} ${PC_DIR})
  run(${PKG_CONFIG} --cflags --libs switchgear-testing switchgear-core)
  separate_arguments(LINE UNIX_COMMAND "${FLAGS} ${WORK}/consumer/main.cpp -o ${WORK}/consumer/consumer ${OUTPUT}")
  run(${COMPILER} -std=c++20 ${LINE})
  run(${WORK}/consumer/consumer)

elseif(WAY STREQUAL "every_header")
  # All public headers of the component in one file, and not one before those it needs: alphabetically backwards.
  file(GLOB_RECURSE HEADERS RELATIVE ${INSTALLED}/include ${INSTALLED}/include/switchgear/*.hpp)
  list(FILTER HEADERS INCLUDE REGEX "^switchgear/(${ROOMS})/")
  if(NOT HEADERS)
    message(FATAL_ERROR "found no header of ${ROOMS}")
  endif()
  list(SORT HEADERS ORDER DESCENDING)
  list(TRANSFORM HEADERS PREPEND "#include \"")
  list(TRANSFORM HEADERS APPEND "\"\n")
  file(WRITE ${WORK}/every.cpp ${HEADERS} "int main() {}\n")
  separate_arguments(LINE UNIX_COMMAND "${FLAGS} -I${INSTALLED}/include -fsyntax-only ${WORK}/every.cpp")
  run(${COMPILER} ${LINE})

else()
  if(WAY STREQUAL "fetched")
    list(APPEND CONFIGURE -DSWITCHGEAR_SOURCE=${SOURCE} -DSWITCHGEAR_ASIO=OFF)
  endif()
  configure(${MORE})
  if(NOT STATUS EQUAL 0)
    message(FATAL_ERROR "${OUTPUT}\nended with ${STATUS}")
  endif()
  run(${CMAKE_COMMAND} --build ${WORK}/build -j 2)
  run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/build --no-tests=error --output-on-failure)
endif()
