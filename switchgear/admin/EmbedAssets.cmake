# Writes a C++ file that holds the given files as constants, each by its name, a runbook by its path in the repository. Pure CMake, so that a build needs neither Node nor xxd.
#
#   cmake -DOUTPUT=assets.cpp "-DASSETS=a/index.html|a/dashboard.js" -P EmbedAssets.cmake

function(content_type NAME RESULT)
  if(NAME MATCHES "\\.html$")
    set(TYPE "text/html; charset=utf-8")
  elseif(NAME MATCHES "\\.js$")
    set(TYPE "text/javascript; charset=utf-8")
  elseif(NAME MATCHES "\\.css$")
    set(TYPE "text/css; charset=utf-8")
  elseif(NAME MATCHES "\\.json$")
    set(TYPE "application/json")
  elseif(NAME MATCHES "\\.svg$")
    set(TYPE "image/svg+xml")
  elseif(NAME MATCHES "\\.md$")
    set(TYPE "text/plain; charset=utf-8")  # browsers show it
  else()
    message(FATAL_ERROR "no content type known for ${NAME}")
  endif()
  set(${RESULT} "${TYPE}" PARENT_SCOPE)
endfunction()

string(REPLACE "|" ";" ASSETS "${ASSETS}")
string(REPEAT "[0-9a-f]" 64 LINE)
set(DEFINITIONS "")
set(TABLE "")
set(INDEX 0)
foreach(ASSET IN LISTS ASSETS)
  get_filename_component(NAME "${ASSET}" NAME)
  if("${ASSET}" MATCHES "(docs/runbooks/[^/]*)$")
    set(NAME "${CMAKE_MATCH_1}")
  endif()
  content_type("${NAME}" TYPE)
  file(SHA256 "${ASSET}" HASH)
  string(SUBSTRING "${HASH}" 0 16 HASH)
  file(READ "${ASSET}" BYTES HEX)
  string(LENGTH "${BYTES}" LENGTH)
  math(EXPR LENGTH "${LENGTH} / 2")
  # One literal a line: the compiler joins them, and an escape cannot run on into the next byte.
  string(REGEX REPLACE "(${LINE})" "\\1\n" BYTES "${BYTES}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" BYTES "${BYTES}")
  string(REPLACE "\n" "\"\n    \"" BYTES "${BYTES}")
  string(APPEND DEFINITIONS "constexpr char content_${INDEX}[] =\n    \"${BYTES}\";\n\n")
  string(APPEND TABLE "    Asset{\"${NAME}\", \"${TYPE}\", \"\\\"${HASH}\\\"\", {content_${INDEX}, ${LENGTH}}},\n")
  math(EXPR INDEX "${INDEX} + 1")
endforeach()

file(WRITE "${OUTPUT}" "// Made by EmbedAssets.cmake; not for editing.
#include \"switchgear/admin/assets.hpp\"

#ifdef __clang__
#pragma clang diagnostic ignored \"-Woverlength-strings\"  // the compilers at hand have no such limit
#endif

namespace switchgear::admin {
namespace {

${DEFINITIONS}constexpr Asset all[] = {
${TABLE}};

}  // namespace

std::span<const Asset> assets() noexcept { return all; }

}  // namespace switchgear::admin
")
