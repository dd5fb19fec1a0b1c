// For this room's tests: a mesh's text in, the command's two streams and exit code out.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "app/interop/interop_command.hpp"
#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::interop {

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

template <class Command>
Ran run_of(const Command& command) {
  char* out = nullptr;
  char* err = nullptr;
  std::size_t out_size = 0;
  std::size_t err_size = 0;
  std::FILE* to = ::open_memstream(&out, &out_size);
  std::FILE* problems = ::open_memstream(&err, &err_size);
  Ran ran;
  ran.code = command(to, problems);
  std::fclose(to);
  std::fclose(problems);
  ran.out.assign(out, out_size);
  ran.err.assign(err, err_size);
  std::free(out);
  std::free(err);
  return ran;
}

/// The name of the file in the streams is `mesh.yaml`.
inline Ran run_import_of(Mesh mesh, const std::string& text, bool json = false) {
  const config::TemporaryDirectory directory;
  InteropOptions options{mesh, directory.write("mesh.yaml", text), json, {}};
  Ran ran = run_of([&](std::FILE* out, std::FILE* err) { return run_import(options, out, err); });
  for (std::string* stream : {&ran.out, &ran.err}) {
    for (std::size_t at = stream->find(options.file); at != std::string::npos;
         at = stream->find(options.file))
      stream->replace(at, options.file.size(), "mesh.yaml");
  }
  return ran;
}

inline Ran run_export_of(Mesh mesh, const std::string& text, bool json = false) {
  const config::TemporaryDirectory directory;
  InteropOptions options{mesh, directory.write("gateway.yaml", text), json, {}};
  Ran ran = run_of([&](std::FILE* out, std::FILE* err) { return run_export(options, out, err); });
  for (std::size_t at = ran.err.find(options.file); at != std::string::npos; at = ran.err.find(options.file))
    ran.err.replace(at, options.file.size(), "gateway.yaml");
  return ran;
}

}  // namespace switchgear::interop
