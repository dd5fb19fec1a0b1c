# Headers of others that many rooms read, parsed once for all of them. Lint builds without (./dev): each file still names
# what it uses. Never here: a header of this project, whose change would build everything again.
#
#   switchgear_precompiled(NAME [PIC] [OPTIONS option...] LIBRARIES target... HEADERS header...)   makes such a set
#   switchgear_use_precompiled(NAME target...)   gives it to targets, which link its libraries and have its options then

set(SWITCHGEAR_STANDARD_HEADERS
  <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <cstdint> <deque> <exception> <functional> <map>
  <memory> <mutex> <optional> <random> <set> <span> <sstream> <stdexcept> <string> <string_view> <system_error> <thread>
  <unordered_map> <utility> <variant> <vector>)
set(SWITCHGEAR_ASIO_HEADERS
  <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/detached.hpp> <boost/asio/executor_work_guard.hpp>
  <boost/asio/io_context.hpp> <boost/asio/ip/tcp.hpp> <boost/asio/post.hpp> <boost/asio/redirect_error.hpp>
  <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp> <boost/asio/use_future.hpp> <boost/json.hpp>)

function(switchgear_precompiled NAME)
  cmake_parse_arguments(SET "PIC" "" "OPTIONS;LIBRARIES;HEADERS" ${ARGN})
  set(SOURCE ${CMAKE_CURRENT_BINARY_DIR}/precompiled_${NAME}.cpp)
  file(CONFIGURE OUTPUT ${SOURCE} CONTENT "// Nothing: a target with precompiled headers needs a source.\n")
  add_library(switchgear_precompiled_${NAME} STATIC EXCLUDE_FROM_ALL ${SOURCE})
  target_link_libraries(switchgear_precompiled_${NAME} PRIVATE switchgear_flags ${SET_LIBRARIES})
  target_compile_options(switchgear_precompiled_${NAME} PRIVATE ${SET_OPTIONS})
  set_property(GLOBAL PROPERTY switchgear_precompiled_libraries_of_${NAME} ${SET_LIBRARIES})
  set_property(GLOBAL PROPERTY switchgear_precompiled_options_of_${NAME} ${SET_OPTIONS})
  target_precompile_headers(switchgear_precompiled_${NAME} PRIVATE ${SET_HEADERS})
  if(SET_PIC)
    switchgear_position_independent(switchgear_precompiled_${NAME})
  endif()
endfunction()

function(switchgear_use_precompiled NAME)
  get_property(LIBRARIES GLOBAL PROPERTY switchgear_precompiled_libraries_of_${NAME})
  get_property(OPTIONS GLOBAL PROPERTY switchgear_precompiled_options_of_${NAME})
  foreach(TARGET ${ARGN})
    target_compile_options(${TARGET} PRIVATE ${OPTIONS})
    target_link_libraries(${TARGET} PRIVATE ${LIBRARIES})  # their macros are part of what the compiler compares
    target_precompile_headers(${TARGET} REUSE_FROM switchgear_precompiled_${NAME})
  endforeach()
endfunction()
