// What the server says about an error, out of libpq's words.
#pragma once

#include <string>
#include <string_view>

#include "switchgear/postgres/error.hpp"

struct pg_result;

namespace switchgear::postgres {

/// Without the hints that libpq adds in further lines.
[[nodiscard]] std::string first_line(std::string_view text);

/// The server ends the session with it.
[[nodiscard]] bool is_fatal(const pg_result* result);

/// Without a SQLSTATE if libpq itself made the result, because the connection broke.
[[nodiscard]] ServerReport report_of(const pg_result* result);

/// Of a connection that could not be opened. libpq 15 has no other form of it than a text in verbose style:
/// `connection to server at "db", port 5432 failed: FATAL:  53300: sorry, too many clients already`.
[[nodiscard]] ServerReport report_of_refusal(std::string_view text);

}  // namespace switchgear::postgres
