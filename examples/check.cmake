# Runs an example and holds it to its word: cmake -D PROGRAM=… -D EXPECTED=… -P check.cmake
execute_process(COMMAND ${PROGRAM} RESULT_VARIABLE STATUS OUTPUT_VARIABLE PRINTED ERROR_VARIABLE ERRORS TIMEOUT 60)
file(READ ${EXPECTED} WANTED)
if(NOT STATUS STREQUAL "0")
  message(FATAL_ERROR "${PROGRAM} ended with ${STATUS}\n${PRINTED}${ERRORS}")
elseif(NOT PRINTED STREQUAL WANTED)
  message(FATAL_ERROR "${PROGRAM} printed\n${PRINTED}instead of\n${WANTED}")
endif()
