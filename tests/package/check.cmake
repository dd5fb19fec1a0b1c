# One way of using the package, from nothing to the consumer's exit status. Run by ctest:
#
#   cmake -D WAY=install|program|elsewhere|found|refused|pkg_config|stages|headers|every_header|fetched … -P check.cmake
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

# Configures WORK/PROJECT in WORK/PROJECT-build. Sets STATUS and OUTPUT. In one piece, because a list inside an argument
# does not survive a second expansion.
function(configure PROJECT)
  string(REPLACE "," ";" WANTED "${COMPONENTS}")
  string(REPLACE " " ";" WANTED_VERSION "${VERSION}")
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${WORK}/${PROJECT} -B ${WORK}/${PROJECT}-build -G Ninja
            -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} "-DCMAKE_CXX_FLAGS=${FLAGS}"
            "-DCMAKE_PREFIX_PATH=${INSTALLED}" "-DCOMPONENTS=${WANTED}" "-DVERSION=${WANTED_VERSION}" ${MORE} ${ARGN}
    RESULT_VARIABLE STATUS OUTPUT_VARIABLE OUTPUT ERROR_VARIABLE OUTPUT)
  set(STATUS ${STATUS} PARENT_SCOPE)
  set(OUTPUT "${OUTPUT}" PARENT_SCOPE)
endfunction()

function(build PROJECT)
  configure(${PROJECT} ${ARGN})
  if(NOT STATUS EQUAL 0)
    message(FATAL_ERROR "${OUTPUT}\nended with ${STATUS}")
  endif()
  run(${CMAKE_COMMAND} --build ${WORK}/${PROJECT}-build -j 2)
endfunction()

# Copies, so that nothing is found by lying beside it.
file(REMOVE_RECURSE ${WORK})
file(COPY ${SOURCE}/tests/package/consumer ${SOURCE}/tests/package/headers ${SOURCE}/tests/package/stages/
     DESTINATION ${WORK})

if(WAY STREQUAL "install")
  # Installed as a packager does it, and then moved: the package must work from a place that it was not built
  # for.
  file(REMOVE_RECURSE ${INSTALLED})
  set(ENV{DESTDIR} ${WORK}/stage)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix "/opt/switch gear" --component dev)
  file(RENAME "${WORK}/stage/opt/switch gear" ${INSTALLED})
  file(GLOB_RECURSE STRAYS ${WORK}/stage/* ${INSTALLED}/bin/* ${INSTALLED}/*_test.hpp ${INSTALLED}/*_fixture.hpp
       ${INSTALLED}/*.cpp)
  file(GLOB_RECURSE HEADERS ${INSTALLED}/include/*.hpp)
  foreach(HEADER ${HEADERS})
    file(STRINGS ${HEADER} NEEDS REGEX "#include <(gtest|rapidcheck)")
    if(NEEDS)
      list(APPEND STRAYS ${HEADER})
    endif()
  endforeach()
  if(STRAYS OR NOT HEADERS)
    message(FATAL_ERROR "installed what belongs to tests or elsewhere, or nothing: ${STRAYS}")
  endif()

elseif(WAY STREQUAL "program")
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/installed --component bin)
  file(GLOB_RECURSE FILES RELATIVE ${WORK}/installed ${WORK}/installed/*)
  set(STRAYS ${FILES})
  list(FILTER STRAYS EXCLUDE REGEX "^share/man/man1/switchgear-[a-z-]+\\.1\\.gz$")
  set(WANTED bin/switchgear share/man/man1/switchgear.1.gz share/bash-completion/completions/switchgear
             share/fish/vendor_completions.d/switchgear.fish share/zsh/vendor-completions/_switchgear)
  list(REMOVE_ITEM STRAYS ${WANTED})
  set(MISSING ${WANTED})
  list(REMOVE_ITEM MISSING ${FILES})
  if(STRAYS OR MISSING)
    message(FATAL_ERROR "installed ${FILES} instead of the program, its manual and its completions")
  endif()
  run(${WORK}/installed/bin/switchgear --version)
  if(NOT OUTPUT STREQUAL "${EXPECT}\n")
    message(FATAL_ERROR "--version printed ${OUTPUT}")
  endif()
  run(${WORK}/installed/bin/switchgear --help)
  foreach(COMMAND serve check completion man demo replay prove status reset force-open force-close disable)
    if(NOT OUTPUT MATCHES "\n  ${COMMAND} ")
      message(FATAL_ERROR "--help does not name ${COMMAND}: ${OUTPUT}")
    endif()
  endforeach()

elseif(WAY STREQUAL "elsewhere")
  # As distributions do that give every kind of file an absolute path of its own.
  run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -G Ninja -DCMAKE_CXX_COMPILER=${COMPILER} -DSWITCHGEAR_APP=OFF
      -DSWITCHGEAR_TESTS=OFF -DSWITCHGEAR_ASIO=OFF -DSWITCHGEAR_CONFIG=OFF
      -DCMAKE_INSTALL_LIBDIR=/out/lib -DCMAKE_INSTALL_INCLUDEDIR=/dev/include)
  set(ENV{PKG_CONFIG_PATH} ${WORK}/build/package)
  run(${PKG_CONFIG} --cflags --libs switchgear-core)
  if(NOT OUTPUT MATCHES "^-I/dev/include .*-L/out/lib ")
    message(FATAL_ERROR "pkg-config says ${OUTPUT}")
  endif()

elseif(WAY STREQUAL "refused")
  configure(consumer)
  string(REGEX REPLACE "[ \n]+" " " OUTPUT "${OUTPUT}")
  string(FIND "${OUTPUT}" "${EXPECT}" AT)
  if(STATUS EQUAL 0 OR AT LESS 0)
    message(FATAL_ERROR "it was to say\n${EXPECT}\nand ended with ${STATUS}: ${OUTPUT}")
  endif()

elseif(WAY STREQUAL "pkg_config")
  file(GLOB_RECURSE PC ${INSTALLED}/switchgear-core.pc)
  cmake_path(GET PC PARENT_PATH PC_DIR)
  set(ENV{PKG_CONFIG_PATH} ${PC_DIR})
  string(REPLACE "," ";" COMPONENTS "${COMPONENTS}")
  foreach(COMPONENT ${COMPONENTS})
    run(${PKG_CONFIG} --cflags --libs switchgear-${COMPONENT})
    separate_arguments(LINE UNIX_COMMAND "${FLAGS} ${WORK}/consumer/${COMPONENT}.cpp -o ${WORK}/${COMPONENT} ${OUTPUT}")
    run(${COMPILER} -std=c++20 ${LINE})
    run(${WORK}/${COMPONENT})
  endforeach()

elseif(WAY STREQUAL "stages")
  build(shop)
  run(${CMAKE_COMMAND} --install ${WORK}/shop-build --prefix ${WORK}/shop-installed)
  build(buyer -Dshop_ROOT=${WORK}/shop-installed)
  run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/buyer-build --no-tests=error --output-on-failure)

elseif(WAY STREQUAL "headers")
  build(headers "-DROOMS=${ROOMS}")

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
  separate_arguments(LINE UNIX_COMMAND "${FLAGS} -fsyntax-only ${WORK}/every.cpp")
  run(${COMPILER} "-I${INSTALLED}/include" -DBOOST_ASIO_NO_DEPRECATED ${LINE})

else()
  if(WAY STREQUAL "fetched")
    list(APPEND MORE -DSWITCHGEAR_SOURCE=${SOURCE})
  endif()
  build(consumer)
  run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/consumer-build --no-tests=error --output-on-failure)
endif()
