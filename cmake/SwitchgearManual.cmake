# Writes the manual and the completions as PROGRAM prints them into INTO, the way a prefix has them below share/. Run when
# PROGRAM has been linked:
#
#   cmake -D PROGRAM=switchgear -D INTO=folder -P SwitchgearManual.cmake

file(REMOVE_RECURSE ${INTO})
file(MAKE_DIRECTORY ${INTO}/man/man1)
execute_process(COMMAND ${PROGRAM} man --directory ${INTO}/man/man1 COMMAND_ERROR_IS_FATAL ANY)
file(GLOB PAGES ${INTO}/man/man1/*.1)
execute_process(COMMAND gzip -9n ${PAGES} COMMAND_ERROR_IS_FATAL ANY)

function(completion SHELL FILE)
  cmake_path(GET FILE PARENT_PATH FOLDER)
  file(MAKE_DIRECTORY ${INTO}/${FOLDER})
  execute_process(COMMAND ${PROGRAM} completion ${SHELL} OUTPUT_FILE ${INTO}/${FILE} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
completion(bash bash-completion/completions/switchgear)
completion(zsh zsh/vendor-completions/_switchgear)
completion(fish fish/vendor_completions.d/switchgear.fish)
